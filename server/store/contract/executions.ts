import type { OutcomeName, Usage } from "../../../src/request/types.ts";

/** What is remembered of an execution; neither code nor input, result or logs. */
export interface ExecutionRow {
  /** A UUID; version 7, so that their order is the order they began in. */
  readonly id: string;
  readonly tenant: string;
  readonly requestId: string;
  /** How it was asked for. */
  readonly via: "execute" | "stream" | "batch" | "async" | "invoke" | "http" | "resolve";
  readonly function: string | null;
  readonly version: number | null;
  readonly level: string;
  readonly tools: readonly string[];
  /** What it was granted, as `plan.permissions` has it. */
  readonly permissions: unknown;
  /** `refused` and `failed` are those that never got to run: the caller's mistake, and ours. */
  readonly outcome: OutcomeName | "refused" | "failed" | "aborted";
  /** Name of the exception, or code of the error; `null` if all went well. */
  readonly error: string | null;
  readonly startedAt: Date;
  /** Milliseconds, as in its answer. */
  readonly duration: number;
  readonly usage: Usage | null;
}

/** Rows that one list looks at, of the tenant's or of its function's, for those that its filter is about. */
export const MOST_LOOKED_AT = 20_000;

export interface ExecutionFilter {
  readonly outcome?: string | undefined;
  readonly function?: string | undefined;
  readonly via?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Id of the last one of the page before: older ones follow. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface Executions {
  /**
   * Writes them in one go; those that are there already stay as they are. Of a tenant's beyond `HISTORY`,
   * the oldest are forgotten.
   */
  record(rows: readonly ExecutionRow[]): Promise<void>;
  get(tenant: string, id: string): Promise<ExecutionRow | undefined>;
  /** The newest first, among the newest `MOST_LOOKED_AT`. */
  list(tenant: string, filter: ExecutionFilter): Promise<ExecutionRow[]>;
  /** Id of the last one that such a list looks at; `undefined` if those are fewer, and all. */
  lastLookedAt(
    tenant: string,
    filter: Pick<ExecutionFilter, "function" | "before">,
  ): Promise<string | undefined>;
  /** What a tenant has used since then: executions that ran, and their milliseconds of CPU. */
  used(tenant: string, since: Date): Promise<{ executions: number; cpu: number }>;
  /** Forgets a tenant's that began so many milliseconds ago; without a tenant, everybody's. Says how many. */
  prune(age: number, tenant?: string): Promise<number>;
}
