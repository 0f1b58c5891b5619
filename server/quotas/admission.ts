import type { Usage } from "../../src/request/types.ts";
import type { Caller } from "../tenants/auth.ts";
import type { WaitingExecution } from "./concurrency-limits.ts";

/** To be called once, when an execution is over; with `null`, if it never ran. */
export type Release = (used: Pick<Usage, "cpu" | "wall"> | null) => void;

/** Lets executions in, as far as the quotas of their tenant go. */
export interface Admission {
  /**
   * Resolves as soon as one more may run. Rejects with 429 and `Retry-After` for a quota that is used
   * up, with `Aborted` if `signal` is aborted before. Without `wait`, what would have to wait for
   * others to end is refused.
   */
  admit(caller: Caller, options: WaitingExecution): Promise<Release>;
  /** Counts milliseconds of processor time that are no execution's. */
  charge(tenant: string, cpu: number): void;
}

/** For a server whose callers are bounded by its machine alone. */
export const NO_QUOTAS: Admission = { admit: async () => () => {}, charge: () => {} };
