import type { Usage } from "../../src/request/types.ts";
import type { Reservation } from "../store/contract/leases.ts";
import type { Caller } from "../tenants/auth.ts";
import type { WaitingExecution } from "./concurrency-limits.ts";

/** Ends an admitted execution. */
export interface Release {
  /** Called once when it has ended, or with `null` if it never ran. */
  (used: Pick<Usage, "cpu" | "wall" | "queued"> | null): void;
  /** Reservation in a budget that the record of the execution replaces, if it ran. */
  readonly reserved?: Reservation | undefined;
}

/** Admits executions within the quotas of their tenant. */
export interface Admission {
  /**
   * Resolves as soon as one more execution may run. Without `wait`, an execution is refused if it
   * would have to wait for the end of others.
   *
   * @throws {HttpProblem} 429 with `Retry-After` if a quota is used up.
   * @throws {Aborted} If `signal` is aborted before.
   */
  admit(
    caller: Caller,
    options: WaitingExecution & {
      /** True if it runs in a place that is held. Default false. */
      readonly hasPlace?: boolean | undefined;
    },
  ): Promise<Release>;
  /** Takes a place for several executions, one after the other. It counts for the rate. Rejects as `admit()` does. */
  hold(caller: Caller, options: WaitingExecution): Promise<() => void>;
  /**
   * Checks that something is left of the tenant's budget, without using it. Default: there is none.
   *
   * @throws {QuotaExceeded} If the budget is used up.
   */
  checkBudget?(caller: Caller): Promise<void>;
  /** Counts milliseconds of processor time that belong to no execution. */
  charge(tenant: string, cpu: number): void;
}

/** Admits everything, for a server that only its machine limits. */
export const NO_QUOTAS: Admission = {
  admit: async () => () => {},
  hold: async () => () => {},
  charge: () => {},
};
