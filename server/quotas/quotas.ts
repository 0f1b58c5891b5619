import type { Executions } from "../store/contract/executions.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Admission, Release } from "./admission.ts";
import { Budgets } from "./budgets.ts";
import { ConcurrencyLimits } from "./concurrency-limits.ts";
import type { Used } from "./day.ts";
import { Rates } from "./rates.ts";

/**
 * Milliseconds an execution waits for others. It is less than the extra time for which an
 * idempotency key is reserved.
 */
const PATIENCE = 60_000;

/** Limits each tenant's executions: at once, within its rate, and within a day. */
export class Quotas implements Admission {
  readonly #slots = new Map<string, ConcurrencyLimits>();
  readonly #rates = new Rates();
  readonly #budgets: Budgets;

  readonly #patience: number;

  /** Creates the quotas. `now` is Unix time, `patience` the longest wait, both in milliseconds. */
  constructor(
    executions: Pick<Executions, "used">,
    { now, patience = PATIENCE }: { now?: () => number; patience?: number | undefined } = {},
  ) {
    this.#budgets = new Budgets(executions, now);
    this.#patience = patience;
  }

  async admit(caller: Caller, options: Parameters<Admission["admit"]>[1]): Promise<Release> {
    const { tenant, limits } = caller;
    // Checked first: an execution without a place has not begun, so no rate or budget may count it.
    this.#slots.get(tenant.id)?.check(limits, options);
    await this.#rates.count(caller);
    const settle = await this.#budgets.take(caller);
    const slots = this.#slotsOf(tenant.id);
    try {
      await slots.take(limits, options);
    } catch (error) {
      settle(null);
      this.#tidy(tenant.id, slots);
      throw error;
    }
    return (used) => {
      slots.give(options.isAnonymous);
      this.#tidy(tenant.id, slots);
      // Without a measured CPU time, all time but the wait for a sandbox counts.
      settle(used && (used.cpu ?? used.wall - used.queued));
    };
  }

  charge(tenant: string, cpu: number): void {
    this.#budgets.charge(tenant, cpu);
  }

  /** Returns the tenant's use of today. With a budget, it includes executions under way. */
  today(caller: Caller): Promise<Used & { resetsAt: Date }> {
    return this.#budgets.today(caller);
  }

  #slotsOf(tenant: string): ConcurrencyLimits {
    const slots = this.#slots.get(tenant) ?? new ConcurrencyLimits(this.#patience);
    this.#slots.set(tenant, slots);
    return slots;
  }

  #tidy(tenant: string, slots: ConcurrencyLimits): void {
    if (slots.idle && this.#slots.get(tenant) === slots) this.#slots.delete(tenant);
  }
}
