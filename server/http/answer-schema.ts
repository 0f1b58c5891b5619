import { accepted, answer } from "../../src/contract/executions.ts";

/** Responses of a route that runs code. */
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
