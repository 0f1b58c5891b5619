import type { Caller } from "../tenants/auth.ts";
import { Rates } from "./rates.ts";

/**
 * Counts refused requests against their tenant's `rate`, apart from its executions. A refusal costs
 * this server a body and its validation, so refusals must not be unlimited.
 */
export class Refusals {
  readonly #rates = new Rates("be refused", "requests");

  /**
   * Checks the number of refusals, before a body is read.
   *
   * @throws {QuotaExceeded} If the tenant was refused too often.
   */
  async check(caller: Caller): Promise<void> {
    if (caller.limits.rate !== undefined) await this.#rates.check(caller);
  }

  /** Counts a request by the status of its answer. */
  async count(caller: Caller, status: number): Promise<void> {
    if (status < 400 || status >= 499 || caller.limits.rate === undefined) return;
    // A refusal beyond the rate is refused by the next check.
    await this.#rates.count(caller).catch(() => {});
  }
}
