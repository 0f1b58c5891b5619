import type { OutcomeName, Usage } from "../../../src/request/types.ts";
import type { Reservation } from "./leases.ts";
import type { KeptLogs } from "./logs.ts";
import type { DeniedAccess } from "./usage.ts";

/** Record of an execution, without code, input, result or logs. */
export interface ExecutionRow {
  /** UUID of version 7, so that ids sort by the start of their executions. */
  readonly id: string;
  readonly tenant: string;
  readonly requestId: string;
  /** Route or way of the request. */
  readonly via:
    | "execute"
    | "stream"
    | "batch"
    | "async"
    | "invoke"
    | "http"
    | "resolve"
    | "schedule"
    | "mcp"
    | "session";
  readonly function: string | null;
  readonly version: number | null;
  readonly level: string;
  readonly tools: readonly string[];
  /** Granted permissions, in the form of `plan.permissions`. */
  readonly permissions: unknown;
  /** Outcome. `refused` and `failed` never ran: by the caller's fault, or by the server's. */
  readonly outcome: OutcomeName | "refused" | "failed" | "aborted";
  /** Name of the exception, or code of the error. `null` if there was none. */
  readonly error: string | null;
  readonly startedAt: Date;
  /** Milliseconds, as in the answer. */
  readonly duration: number;
  readonly usage: Usage | null;
}

/** A row as it is written, with the log entries that are kept of it. */
export interface RecordedExecution extends ExecutionRow {
  readonly logs?: KeptLogs | undefined;
  /** Reservation that the row replaces. Default: none was necessary. */
  readonly reserved?: Reservation | undefined;
  /** Accesses that it was refused, each kind and subject once. Only their sums are kept. */
  readonly denied?: readonly DeniedAccess[] | undefined;
}

/** Most rows, of a tenant or of its function, that one list searches for its filter. */
export const MOST_LOOKED_AT = 20_000;

export interface ExecutionFilter {
  readonly outcome?: string | undefined;
  readonly function?: string | undefined;
  readonly via?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Id of the last row of the page before. Older rows follow. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface Executions {
  /**
   * Writes rows with their logs in one call, and adds them and their denials to their tenants' usage. Keeps rows that
   * exist already. Deletes a tenant's oldest rows beyond `HISTORY`, and its oldest logs beyond their
   * own bound.
   */
  record(rows: readonly RecordedExecution[]): Promise<void>;
  get(tenant: string, id: string): Promise<ExecutionRow | undefined>;
  /**
   * Lists rows of a tenant, or of all with `undefined`, the newest first. Searches the newest
   * `MOST_LOOKED_AT` only.
   */
  list(tenant: string | undefined, filter: ExecutionFilter): Promise<ExecutionRow[]>;
  /** Returns the id of the last row that such a list searches. `undefined` if it searches all. */
  lastLookedAt(
    tenant: string | undefined,
    filter: Pick<ExecutionFilter, "function" | "until" | "before">,
  ): Promise<string | undefined>;
  /**
   * Returns a tenant's usage on a day in UTC: executions that ran, and their milliseconds of CPU. It
   * stays when they are deleted.
   */
  used(tenant: string, day: Date): Promise<{ executions: number; cpu: number }>;
  /** Makes room for the rows of the next days, so many days together. Default: each day apart. */
  prepare(width?: number): Promise<void>;
  /**
   * Deletes rows, with their logs, that began more than `age` milliseconds ago, of one tenant or of all. Of all,
   * the rows of a day go together, once all of them are that old. Returns their number.
   */
  prune(age: number, tenant?: string): Promise<number>;
}
