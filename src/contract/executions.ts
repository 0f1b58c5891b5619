/** Schemas of executions and jobs in the HTTP API. */
import { z } from "zod";
import { SANDBOX_LEVELS } from "../base/sandbox-level.ts";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { OUTCOMES, output, usage } from "../request/output.ts";
import { text, time } from "./query-values.ts";
import { tenantId } from "./tenants.ts";

/** Routes that start an execution. */
const VIAS = [
  "execute",
  "stream",
  "batch",
  "async",
  "invoke",
  "http",
  "resolve",
  "schedule",
  "mcp",
  "session",
] as const;

const MOST_OF_A_PAGE = 200;
const PAGE = 50;

/** URL for a later answer. */
export const callback = z
  .string()
  .max(2_048)
  .optional()
  .meta({ description: "With respond-async: URL the answer is posted to, signed" });

/** An execution that has ended. */
export const answer = object({
  ...output.shape,
  /** Id of the execution, for `GET /executions/{id}`. */
  id: z.uuid().meta({ description: "Of the execution" }),
}).meta({ id: "Answer" });

/** An execution that is answered later. */
export const accepted = object({ id: z.uuid(), status: z.literal("queued") }).meta({
  id: "Accepted",
});

const jobStates = z.enum(["queued", "running", "done", "cancelled"]);

export const job = object({
  id: z.uuid(),
  status: jobStates,
  /** Number of starts. */
  attempts: z.int().meta({ description: "How often it has been started" }),
  acceptedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  /** Answer or error of the finished job, the same as for a request that waits. */
  answer: absent(z.looseObject({})).meta({
    description: "Once it is done: what a request that waits would have had",
  }),
}).meta({ id: "Job" });

const outcome = z.enum([...OUTCOMES, "refused", "failed", "aborted"]);
const via = z.enum(VIAS);

export const executionQuery = strictObject({
  outcome: outcome.optional(),
  function: text(200).optional(),
  via: via.optional(),
  /** Start of the period, in ISO 8601. */
  since: time.optional().meta({ type: "string", format: "date-time" }),
  until: time.optional().meta({ type: "string", format: "date-time" }),
  /** `next` of the page before. */
  cursor: z.uuid().optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number<number>().pipe(z.int().min(1).max(MOST_OF_A_PAGE)).default(PAGE),
});

export const execution = object({
  id: z.uuid(),
  requestId: z.string(),
  via,
  function: z.string().nullable(),
  version: z.int().nullable(),
  level: z.enum(SANDBOX_LEVELS),
  tools: z.array(z.string()),
  permissions: z.unknown(),
  outcome,
  /** Name of the exception or code of the error; `null` if all went well. */
  error: z.string().nullable(),
  startedAt: z.iso.datetime(),
  duration: z.number(),
  usage: usage.nullable(),
}).meta({ id: "Execution" });

const tenant = z.string();

/** Query of the operator, over the executions of all tenants. */
export const anyExecutionQuery = strictObject({
  tenant: tenantId.optional(),
  ...executionQuery.shape,
});

/** An execution of any tenant. */
export const anyExecution = object({ ...execution.shape, tenant }).meta({ id: "AnyExecution" });

export const anyJobQuery = strictObject({
  tenant: tenantId.optional(),
  status: jobStates.optional(),
  cursor: executionQuery.shape.cursor,
  limit: executionQuery.shape.limit,
});

/** A job of any tenant, without its answer. */
export const anyJob = object({
  ...job.omit({ answer: true }).shape,
  tenant,
  requestId: z.string(),
  function: z.string().nullable(),
  version: z.int().nullable(),
}).meta({ id: "AnyJob" });
