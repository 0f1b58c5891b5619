import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Executions } from "../store/contract/executions.ts";
import type { Reservation } from "../store/contract/leases.ts";
import type { Caller } from "../tenants/auth.ts";
import { DAY, dayOf, type Used } from "./day.ts";
import type { Left } from "./left.ts";

/** Milliseconds after which the store is read again, for the executions of other servers. */
const REFRESH = 10_000;

/** Use of one tenant today. */
interface Count {
  executions: number;
  cpu: number;
  /** Executions under way, which the store does not have yet. */
  running: number;
  readAt: number;
  reading: Promise<void> | undefined;
}

/** Ends the reservation of a budget. */
export interface Settle {
  /** Called with the processor time used, or `null` if it never ran. */
  (cpu: number | null): void;
  /** Reservation that the record of the execution replaces. */
  readonly reserved?: Reservation | undefined;
}

/** Daily budgets of tenants. */
export interface BudgetCounter {
  /**
   * Reserves one execution. It fails if the store fails, because an unknown use may be above the
   * budget.
   *
   * @throws {QuotaExceeded} If the budget is used up.
   */
  take(caller: Caller): Promise<Settle>;
  /** Counts processor time that belongs to no execution, for the rest of the day. */
  charge(tenant: string, cpu: number): void;
  /** Returns the tenant's use of today, executions under way included. */
  today(caller: Caller): Promise<Used & { resetsAt: Date }>;
  /**
   * Returns the executions that the caller has left today, by what is known here. `undefined`
   * without such a budget, and as long as nothing is known.
   */
  left(caller: Caller): Left | undefined;
}

/** Makes the refusal for a budget that is used up for so many milliseconds. */
export function exhausted(isExecutions: boolean, most: number, wait: number): QuotaExceeded {
  const what = isExecutions ? `${most} executions` : `${most} ms of CPU`;
  const message = `The tenant has used up its budget for today (UTC): ${what}`;
  return new QuotaExceeded("BUDGET_EXHAUSTED", message, wait);
}

/**
 * Budgets of a server that has its store for itself. They are read from the store at first and then
 * counted here, so a restart resets nothing.
 */
export class Budgets implements BudgetCounter {
  readonly #executions: Pick<Executions, "used">;
  readonly #now: () => number;
  #day = 0;
  #counts = new Map<string, Count>();
  /** Processor time of today that belongs to no execution, by tenant. The store never has it. */
  #charged = new Map<string, number>();

  constructor(executions: Pick<Executions, "used">, now: () => number = Date.now) {
    this.#executions = executions;
    this.#now = now;
  }

  async take({ tenant, limits: { budget } }: Caller): Promise<Settle> {
    if (budget === undefined) return () => {};
    const count = await this.#count(tenant.id);
    const { executions = Number.POSITIVE_INFINITY, cpu = Number.POSITIVE_INFINITY } = budget;
    if (count.executions >= executions || count.cpu >= cpu) {
      const isExecutions = count.executions >= executions;
      const most = isExecutions ? executions : cpu;
      throw exhausted(isExecutions, most, this.#day + DAY - this.#now());
    }
    count.executions += 1;
    count.running += 1;
    return (used) => {
      count.running -= 1;
      if (used === null) count.executions -= 1;
      else count.cpu += used;
    };
  }

  charge(tenant: string, cpu: number): void {
    this.#turnDay();
    this.#charged.set(tenant, this.#chargedTo(tenant) + cpu);
    const count = this.#counts.get(tenant);
    if (count !== undefined) count.cpu += cpu;
  }

  async today({ tenant, limits }: Caller): Promise<Used & { resetsAt: Date }> {
    const day = this.#turnDay();
    // For tenants without a budget, only such charges are counted here.
    const used = await (limits.budget === undefined
      ? this.#read(tenant.id, day)
      : this.#count(tenant.id));
    return {
      executions: used.executions,
      cpu: Math.round(used.cpu),
      resetsAt: new Date(day + DAY),
    };
  }

  left({ tenant, limits: { budget } }: Caller): Left | undefined {
    const day = this.#turnDay();
    const count = this.#counts.get(tenant.id);
    const most = budget?.executions;
    if (most === undefined || count === undefined || count.readAt === 0) return undefined;
    const lasts = day + DAY - this.#now();
    return { most, seconds: DAY / 1_000, left: Math.max(0, most - count.executions), lasts };
  }

  async #count(tenant: string): Promise<Count> {
    const now = this.#now();
    this.#turnDay();
    const known = this.#counts.get(tenant);
    const count = known ?? { executions: 0, cpu: 0, running: 0, readAt: 0, reading: undefined };
    if (known === undefined) this.#counts.set(tenant, count);
    const isFirst = count.readAt === 0;
    if (now - count.readAt >= REFRESH) count.reading ??= this.#refresh(tenant, count, now);
    if (isFirst) await count.reading;
    // Later on, the counts here are used until the store answers.
    else count.reading?.catch(() => {});
    return count;
  }

  /** Reads the store. Counts never decrease, because the store gets an execution after its end. */
  async #refresh(tenant: string, count: Count, now: number): Promise<void> {
    try {
      const used = await this.#read(tenant, this.#day);
      count.executions = Math.max(count.executions, used.executions + count.running);
      count.cpu = Math.max(count.cpu, used.cpu);
      count.readAt = now;
    } finally {
      count.reading = undefined;
    }
  }

  /** Adds the charges here to the use in the store. */
  async #read(tenant: string, day: number): Promise<Used> {
    const { executions, cpu } = await this.#executions.used(tenant, new Date(day));
    return { executions, cpu: cpu + this.#chargedTo(tenant) };
  }

  #chargedTo(tenant: string): number {
    return this.#charged.get(tenant) ?? 0;
  }

  /** Starts a new day if the old one is over. Returns the current one. */
  #turnDay(): number {
    const day = dayOf(this.#now());
    if (day !== this.#day) {
      this.#day = day;
      this.#counts = new Map();
      this.#charged = new Map();
    }
    return day;
  }
}
