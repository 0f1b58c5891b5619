import type { z } from "zod";
import type { Usage } from "../base/usage.ts";
import type { PermsObject } from "../permissions/perms.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import type { ConsoleLevel } from "../protocol/messages.ts";
import type { executeRequest } from "./execute-request.ts";

export type { SandboxLevel } from "../base/sandbox-level.ts";
export type { Usage } from "../base/usage.ts";

/** What a caller sends. Everything but `code` has a default. */
export interface ExecuteRequest extends z.input<typeof executeRequest> {}

type Filled = z.output<typeof executeRequest>;

/** A request whose every field is there and good. */
export type ValidRequest = Pick<Filled, "input"> & {
  [Name in keyof Filled as Exclude<Name, "input">]-?: Exclude<Filled[Name], undefined>;
};

export type Level = ConsoleLevel | "exception";

export interface LogEntry {
  level: Level;
  message: string;
  /** Unix time in milliseconds, taken outside the sandbox. */
  timestamp: number;
  /** The exception's name; only at level `exception`. */
  name?: string;
  /** The exception's stack, if it had one; only at level `exception`. */
  stack?: string;
  /** What to change about the request, where that is known; only at level `exception`. */
  hint?: string;
}

/** Something code tried to reach and did not. */
export interface Denial {
  kind: "net" | "read" | "write" | "env" | "run" | "ffi" | "sys" | "import";
  /** What it was, for example `evil.example:443`. */
  value: string;
  /** The layer that refused: the code's own permissions, or the proxy outside the sandbox. */
  by: "worker" | "egress";
  /** Why the proxy refused, for example `ADDRESS_NOT_ALLOWED`. */
  code?: string;
  /** How often. */
  count?: number;
  /** What would allow it if it stood in the request's permissions; absent if nothing there could. */
  permission?: PermsObject;
}

/**
 * How code ended: by itself, or by a limit it ran into. `output_limit` is the code's own word as well:
 * an exception it names like ours counts as one.
 */
export type OutcomeName = "ok" | "exception" | "timeout" | "memory" | "output_limit" | "crash";

/** Told of what happens in an execution while it runs; must not throw, and is never waited for. */
export interface Observer {
  onLog?(entry: LogEntry): void;
  /** The code has emitted a message; `text` is its data as JSON. */
  onChannel?(topic: string, text: string): void;
  onDenied?(denial: Denial): void;
}

/** How an execution ended, always with HTTP status 200. */
export interface Output {
  /** False after an exception, a timeout, or a limit; `logs` then ends with an exception entry. */
  ok: boolean;
  outcome: OutcomeName;
  /** What the entry returned, as JSON; absent if it returned nothing. */
  result?: unknown;
  /** Absent if there are no entries. */
  logs?: LogEntry[];
  /** Log entries left out because a limit was reached; absent if none were. */
  logsDropped?: number;
  /** What is noteworthy about what the code was granted; absent if nothing is. */
  warnings?: string[];
  /** What the code was granted; only if the request says `explain`. */
  plan?: PublicPlan;
  /** What the code tried to reach in vain; absent if nothing is known of any. */
  denied?: Denial[];
  /** Milliseconds from handing the job to the sandbox to its outcome, measured outside of it. */
  duration: number;
  usage: Usage;
}
