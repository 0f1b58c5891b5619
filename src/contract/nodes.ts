/** Schema of a server in the HTTP API. */
import { z } from "zod";
import { object } from "../request/object-schema.ts";

export const shownNode = object({
  id: z.string().meta({ description: "New at each start" }),
  address: z.string().meta({ description: "Host name and port, for people" }),
  version: z.string(),
  draining: z.boolean().meta({ description: "True if it is about to end" }),
  capacity: z.int().meta({ description: "Most sandboxes at once" }),
  startedAt: z.iso.datetime(),
  seen: z.iso.datetime().meta({ description: "Last sign of life" }),
  alive: z.boolean().meta({ description: "True if that was within the last 15 seconds" }),
}).meta({ id: "Node" });
