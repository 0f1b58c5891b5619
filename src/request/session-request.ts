import { z } from "zod";
import { strictObject } from "./object-schema.ts";
import { sentRequest } from "./sent-request.ts";

const { sandbox, tools, permissions, memory, queueTimeout, ...fields } = sentRequest.shape;
const { dependencies, overrides, packages, secrets, bindings } = fields;
const { code, language, input, entry, timeout, explain } = fields;

/** Longest time of a session in milliseconds, whatever the settings are: one day. */
export const LONGEST_SESSION = 86_400_000;

/** Parts of a request that are fixed when its session begins. */
export const sessionFields = {
  sandbox,
  tools,
  permissions,
  memory,
  queueTimeout,
  dependencies,
  overrides,
  packages,
  secrets,
  bindings,
};

/** Request for a session: what its executions have in common, and how long it lives. */
export const sessionRequest = strictObject({
  ...sessionFields,
  /** Milliseconds without an execution after which it ends. Default 60000. */
  idle: z
    .int()
    .min(1)
    .max(LONGEST_SESSION)
    .optional()
    .meta({ description: "Milliseconds without an execution, after which it ends" }),
  /** Milliseconds after which it ends in any case. Default 600000. */
  max: z
    .int()
    .min(1)
    .max(LONGEST_SESSION)
    .optional()
    .meta({ description: "Milliseconds after which it ends in any case" }),
}).meta({ id: "SessionRequest" });

/** Request for one execution in a session. */
export const sessionExecution = strictObject({
  code,
  language,
  input,
  entry,
  timeout,
  explain,
}).meta({ id: "SessionExecution" });

export type SessionRequest = z.input<typeof sessionRequest>;
export type SessionExecution = z.input<typeof sessionExecution>;

/** Milliseconds of a session that does not say, and most milliseconds of any. */
export interface SessionTimes {
  readonly idle: number;
  readonly max: number;
}

export const DEFAULT_SESSION: SessionTimes = { idle: 60_000, max: 600_000 };
