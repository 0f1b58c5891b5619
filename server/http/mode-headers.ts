import { z } from "zod";

/** Headers that select how a request is answered. */
export const waysHeaders = z.object({
  accept: z.string().optional().meta({
    description: "text/event-stream for events as they happen: log, channel, denied, result",
  }),
  prefer: z
    .string()
    .optional()
    .meta({ description: "respond-async for an answer that comes later" }),
  "idempotency-key": z
    .string()
    .optional()
    .meta({ description: "Repeated requests with one key are run once" }),
});
