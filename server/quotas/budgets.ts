import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Executions } from "../store/contract/executions.ts";
import type { Caller } from "../tenants/auth.ts";
import { DAY, dayOf, type Used } from "./day.ts";

/** Milliseconds after which the store is asked again, for what other servers have run. */
const REFRESH = 10_000;

/** What one tenant has used today. */
interface Count {
  executions: number;
  cpu: number;
  /** Executions that are under way: the store does not have them yet. */
  running: number;
  readAt: number;
  reading: Promise<void> | undefined;
}

/** Ends what was taken of a budget; with what it has used, or `null` if it has never run. */
export type Settle = (cpu: number | null) => void;

/** What tenants may use in a day. Counted here, and read from the store at first: restarts change nothing. */
export class Budgets {
  readonly #executions: Pick<Executions, "used">;
  readonly #now: () => number;
  #day = 0;
  #counts = new Map<string, Count>();
  /** Processor time of today that is no execution's, by tenant: the store never has it. */
  #charged = new Map<string, number>();

  constructor(executions: Pick<Executions, "used">, now: () => number = Date.now) {
    this.#executions = executions;
    this.#now = now;
  }

  /** Takes one execution. Rejects with `QuotaExceeded`, or as the store does: what is unknown is not free. */
  async take({ tenant, limits: { budget } }: Caller): Promise<Settle> {
    if (budget === undefined) return () => {};
    const count = await this.#count(tenant.id);
    const { executions = Number.POSITIVE_INFINITY, cpu = Number.POSITIVE_INFINITY } = budget;
    if (count.executions >= executions || count.cpu >= cpu) {
      const what = count.executions >= executions ? `${executions} executions` : `${cpu} ms of CPU`;
      const message = `The tenant has used up its budget for today (UTC): ${what}`;
      throw new QuotaExceeded("BUDGET_EXHAUSTED", message, this.#day + DAY - this.#now());
    }
    count.executions += 1;
    count.running += 1;
    return (used) => {
      count.running -= 1;
      if (used === null) count.executions -= 1;
      else count.cpu += used;
    };
  }

  /** Counts processor time that is no execution's, for the rest of the day. */
  charge(tenant: string, cpu: number): void {
    this.#turnDay();
    this.#charged.set(tenant, this.#chargedTo(tenant) + cpu);
    const count = this.#counts.get(tenant);
    if (count !== undefined) count.cpu += cpu;
  }

  /** What a tenant has used today, executions under way included. */
  async today({ tenant, limits }: Caller): Promise<Used & { resetsAt: Date }> {
    const day = this.#turnDay();
    // Nothing but charges is counted here of those whose budget has no end.
    const used = await (limits.budget === undefined
      ? this.#read(tenant.id, day)
      : this.#count(tenant.id));
    return {
      executions: used.executions,
      cpu: Math.round(used.cpu),
      resetsAt: new Date(day + DAY),
    };
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
    // Later on, what is known here will do until the store answers.
    else count.reading?.catch(() => {});
    return count;
  }

  /** Never less than what is known here: the store has an execution a moment after its end. */
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

  /** What the store has, and what has been charged here. */
  async #read(tenant: string, day: number): Promise<Used> {
    const { executions, cpu } = await this.#executions.used(tenant, new Date(day));
    return { executions, cpu: cpu + this.#chargedTo(tenant) };
  }

  #chargedTo(tenant: string): number {
    return this.#charged.get(tenant) ?? 0;
  }

  /** Forgets the day before, if it is over. Returns the present one. */
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
