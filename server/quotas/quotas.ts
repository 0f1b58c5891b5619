import type { Executions } from "../store/contract/executions.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Admission, Release } from "./admission.ts";
import { Budgets } from "./budgets.ts";
import { ConcurrencyLimits } from "./concurrency-limits.ts";
import type { Used } from "./day.ts";
import { Rates } from "./rates.ts";

/** Less than what is allowed for beside an execution's own time where a key is held for it. */
const PATIENCE = 60_000;

/** Has every tenant run no more than it may: at once, in a while, and in a day. */
export class Quotas implements Admission {
  readonly #slots = new Map<string, ConcurrencyLimits>();
  readonly #rates = new Rates();
  readonly #budgets: Budgets;

  readonly #patience: number;

  /** `now` is Unix time in milliseconds, `patience` milliseconds that one waits for others to end. */
  constructor(
    executions: Pick<Executions, "used">,
    { now, patience = PATIENCE }: { now?: () => number; patience?: number | undefined } = {},
  ) {
    this.#budgets = new Budgets(executions, now);
    this.#patience = patience;
  }

  async admit(caller: Caller, options: Parameters<Admission["admit"]>[1]): Promise<Release> {
    const { tenant, limits } = caller;
    // First, for what finds no room has not begun, and is not to be counted as if it had.
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
      // What cannot be measured is counted as if it had computed all the time.
      settle(used && (used.cpu ?? used.wall));
    };
  }

  charge(tenant: string, cpu: number): void {
    this.#budgets.charge(tenant, cpu);
  }

  /** What a tenant has used today, executions under way included if it has a budget. */
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
