import type { Caller } from "../tenants/auth.ts";
import { Rates } from "./rates.ts";

/**
 * Counts requests that were refused, by their tenant's `rate`, beside the executions that it counts. A
 * refusal costs this server a body and its validation; who is refused all day is not to pay nothing.
 */
export class Refusals {
  readonly #rates = new Rates("be refused", "requests");

  /** Rejects with `QuotaExceeded` for those that were refused too often. To be asked before a body is read. */
  async check(caller: Caller): Promise<void> {
    if (caller.limits.rate !== undefined) await this.#rates.check(caller);
  }

  /** Counts a request that was answered with that status. */
  async count(caller: Caller, status: number): Promise<void> {
    if (status < 400 || status >= 499 || caller.limits.rate === undefined) return;
    // What is beyond the rate is refused by the next check.
    await this.#rates.count(caller).catch(() => {});
  }
}
