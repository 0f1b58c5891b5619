import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Leases } from "../store/contract/leases.ts";
import type { Caller } from "../tenants/auth.ts";
import { LeasedRates } from "./leased-rates.ts";
import { Rates } from "./rates.ts";

/** Milliseconds for which the answer to a refused request waits until the store has counted it. */
const COUNTED_WITHIN = 250;

/**
 * Counts refused requests against their tenant's `rate`, apart from its executions. A refusal costs
 * a server a body and its validation, so refusals must not be unlimited.
 */
export class Refusals {
  /** Counts those of this server, which bounds them while the store is away. */
  readonly #rates = new Rates("be refused", "requests");
  readonly #shared: LeasedRates | undefined;
  /** Errors of `check`. */
  readonly #own = new WeakSet<object>();

  /** Creates the counter. Without `leases`, no other server counts. */
  constructor(leases?: Leases) {
    this.#shared = leases && new LeasedRates(leases, "refusals", "be refused", "requests");
  }

  /**
   * Checks the number of refusals, before a body is read.
   *
   * @throws {QuotaExceeded} If the tenant was refused too often.
   */
  async check(caller: Caller): Promise<void> {
    if (caller.limits.rate === undefined) return;
    try {
      await this.#rates.check(caller);
      await this.#shared?.check(caller);
    } catch (error) {
      if (error instanceof QuotaExceeded) this.#own.add(error);
      throw error;
    }
  }

  /**
   * Counts a request by the status of its answer. Those that `check` has refused do not count, as
   * they would use up the next window before it begins.
   */
  async count(caller: Caller, status: number, error: unknown): Promise<void> {
    if (status < 400 || status >= 499 || caller.limits.rate === undefined) return;
    if (error instanceof QuotaExceeded && this.#own.has(error)) return;
    // A refusal beyond the rate is refused by the next check.
    await this.#rates.count(caller).catch(() => {});
    const counting = this.#shared?.count(caller).catch(() => {});
    if (counting !== undefined) await Promise.race([counting, soon()]);
  }

  close(): void {
    this.#shared?.close();
  }
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, COUNTED_WITHIN).unref());
}
