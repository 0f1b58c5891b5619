/** Schemas of kept log entries in the HTTP API. */
import { z } from "zod";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { LOG_ENTRY_LEVELS, logEntry } from "../request/output.ts";
import { time } from "./query-values.ts";

const MOST_OF_A_PAGE = 200;
/** Executions of a page whose query has no limit. */
export const LOGS_PAGE = 50;

const logs = z.array(logEntry);
const logsDropped = absent(z.int()).meta({ description: "Entries left out, or not kept" });

/** Log entries of an execution: all that are kept of it, or those so far. */
export const executionLogs = object({
  id: z.uuid(),
  /** True while it runs on the server that answers. */
  running: z.boolean().meta({ description: "Whether it runs, on the server that answers" }),
  logs,
  /** Entries left out of the answer, or of what is kept of it. */
  logsDropped,
}).meta({ id: "ExecutionLogs" });

/** Log entries of one execution of a function, or some of them. */
export const functionLogs = object({
  executionId: z.uuid(),
  version: z.int().nullable(),
  startedAt: z.iso.datetime(),
  logs,
  logsDropped,
}).meta({ id: "FunctionLogs" });

export const functionLogsQuery = strictObject({
  /** Least level of entries. */
  level: z.enum(LOG_ENTRY_LEVELS).optional().meta({ description: "That level, or a higher one" }),
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "Expected a version's number")
    .transform(Number)
    .optional()
    .meta({ type: "string" }),
  /** Start of the executions, in ISO 8601. */
  since: time.optional().meta({ type: "string", format: "date-time" }),
  /** `next` of the page before. */
  cursor: z.uuid().optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number<number>().pipe(z.int().min(1).max(MOST_OF_A_PAGE)).optional(),
  /** `true` for events, as the entries are written. */
  follow: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "true for text/event-stream: entries as they are written" }),
});
