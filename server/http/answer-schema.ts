import { z } from "zod";
import { output } from "./output-schema.ts";

/** An execution that has ended, for the contract. */
export const answer = output
  .extend({ id: z.uuid().meta({ description: "Of the execution" }) })
  .meta({ id: "Answer" });

/** One that is answered for later. */
export const accepted = z
  .object({ id: z.uuid(), status: z.literal("queued") })
  .meta({ id: "Accepted" });

/** What a route of the ways to run answers with. */
export const WAYS_RESPONSES = {
  200: {
    description: "How it ended, whatever the code did; with Accept: text/event-stream, as events",
    schema: answer,
  },
  202: {
    description: "With Prefer: respond-async: where its answer will be is in Location",
    schema: accepted,
  },
};
