import { z } from "zod";
import { FRESHNESS, type Usage } from "../base/usage.ts";
import type { PermsObject } from "../permissions/perms.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import { OMISSIONS } from "../protocol/exchanged-files.ts";
import { CONSOLE_LEVELS, FAULT_PARTS, type Fault, OUTPUT_STREAMS } from "../protocol/messages.ts";
import { absent, object } from "./object-schema.ts";

/** Levels of log entries, the least first; only the failure of the code has the last one. */
export const LOG_ENTRY_LEVELS = [...CONSOLE_LEVELS, "exception"] as const;

export const OUTCOMES = ["ok", "exception", "timeout", "memory", "output_limit", "crash"] as const;

/** Errors within an exception, in the same form at every depth. */
const nested = {
  cause: absent(objectOf<Fault>()).meta({ description: "Its cause, in the form of this one" }),
  errors: absent(z.array(objectOf<Fault>())).meta({
    description: "Errors of an AggregateError, or the two of a SuppressedError",
  }),
  details: absent(z.record(z.string(), z.unknown())).meta({
    description: "Other own fields of the thrown object, such as code",
  }),
  truncated: absent(z.array(z.enum(FAULT_PARTS))).meta({
    description: "Fields of which something was left out for a limit",
  }),
};

/** An error within an exception: its cause, or one of several errors. */
export const innerError = object({
  name: z.string(),
  message: z.string(),
  stack: absent(z.string()),
  ...nested,
}) satisfies z.ZodType<Fault>;

export const logEntry = object({
  level: z.enum(LOG_ENTRY_LEVELS),
  message: z.string(),
  /** Unix time in milliseconds, taken outside the sandbox. */
  timestamp: z.number().meta({ description: "Unix time in milliseconds" }),
  /** The stream that the code has written to; absent for the console's methods. */
  stream: absent(z.enum(OUTPUT_STREAMS)).meta({
    description: "The stream that the code has written to; absent for the console's methods",
  }),
  /** The exception's name; only at level `exception`. */
  name: absent(z.string()),
  /** The exception's stack, if it had one; only at level `exception`. */
  stack: absent(z.string()),
  /** A change of the request that would help, where one is known; only at level `exception`. */
  hint: absent(z.string()),
  /** The exception's cause, with the causes of that; only at level `exception`. */
  cause: absent(innerError),
  /** Errors of an `AggregateError`, or the two of a `SuppressedError`; only at level `exception`. */
  errors: absent(z.array(innerError)),
  /** Other own fields of what was thrown, such as `code`; only at level `exception`. */
  details: nested.details,
  /** Fields of which something was left out for a limit; only at level `exception`. */
  truncated: nested.truncated,
});

export const denial = object({
  kind: z.enum(["net", "read", "write", "env", "run", "ffi", "sys", "import"]),
  /** The refused thing, for example `evil.example:443`. */
  value: z.string().meta({ description: "What was asked for" }),
  /** The layer that refused: the code's own permissions, or the proxy outside the sandbox. */
  by: z.enum(["worker", "egress"]),
  /** Reason of the proxy, for example `ADDRESS_NOT_ALLOWED`. */
  code: absent(z.string()).meta({ description: "The proxy's reason" }),
  /** Number of attempts. */
  count: absent(z.int()),
  /** Permissions that would allow it in a request; absent if none would. */
  permission: absent(objectOf<PermsObject>()).meta({
    description: "Permissions that would allow it",
  }),
});

export const usage = object({
  wall: z.number().meta({ description: "Milliseconds since the request" }),
  queued: z.number().meta({ description: "Milliseconds of those that it waited for a sandbox" }),
  cpu: z.number().nullable().meta({ description: "Milliseconds of processor time" }),
  peakMemory: z.int().nullable().meta({ description: "Bytes" }),
  bytesOut: z.int().meta({ description: "Bytes of the result, the logs and the artifacts" }),
  egressBytes: z.int().meta({ description: "Bytes through the proxy, both ways" }),
  channelDropped: z.int().meta({ description: "Channel messages it lost by being slow" }),
  fresh: absent(z.enum(FRESHNESS)).meta({
    description: "What was new to it: its sandbox, only its worker, or nothing",
  }),
}) satisfies z.ZodType<Usage>;

/** A file that code has left below `/tmp/out`. It has `text` if it is UTF-8, and `base64` otherwise. */
export const artifact = object({
  path: z.string().meta({ description: "Path below /tmp/out" }),
  bytes: z.int(),
  text: absent(z.string()).meta({ description: "Its content, if it is UTF-8" }),
  base64: absent(z.string()).meta({ description: "Its content, if it is not" }),
});

export const omittedArtifact = object({
  path: absent(z.string()).meta({ description: "Absent for those that are counted alone" }),
  reason: z.enum([...OMISSIONS, "others", "unsearched", "running"]).meta({
    description:
      "`others`: further files; `unsearched`: the search was given up; `running`: the code did not end",
  }),
  count: absent(z.int()).meta({ description: "Number of further files" }),
});

/** The one statement of how an execution ended. */
export const output = object({
  /** False after an exception, a timeout, or a limit; `logs` then ends with an exception entry. */
  ok: z.boolean(),
  outcome: z.enum(OUTCOMES),
  /** The entry's return value, as JSON; absent if it returned nothing. */
  result: absent(z.unknown()),
  /** Absent if there are no entries. */
  logs: absent(z.array(logEntry)),
  /** Log entries left out because a limit was reached; absent if none were. */
  logsDropped: absent(z.int()).meta({ description: "Entries left out" }),
  /** Files that the code has left, by the request's `artifacts`; absent if it asks for none. */
  artifacts: absent(z.array(artifact)),
  /** Files that were left out for a limit, or for what they are; absent if none were. */
  artifactsOmitted: absent(z.array(omittedArtifact)),
  /** Notes about the granted permissions; absent if there are none. */
  warnings: absent(z.array(z.string())),
  /** The granted permissions; only if the request says `explain`. */
  plan: absent(objectOf<PublicPlan>()),
  /** Attempts that were refused; absent if none is known. */
  denied: absent(z.array(denial)),
  /** Milliseconds from handing the job to the sandbox to its outcome, measured outside of it. */
  duration: z.int().meta({ description: "Milliseconds" }),
  usage,
});

/** An object whose type is stated elsewhere. */
function objectOf<T extends object>(): z.ZodType<T, T> {
  return z.looseObject({}) as unknown as z.ZodType<T, T>;
}
