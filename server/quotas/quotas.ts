import type { Executions } from "../store/contract/executions.ts";
import type { Leases } from "../store/contract/leases.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Admission, Release } from "./admission.ts";
import { type BudgetCounter, Budgets, exhausted } from "./budgets.ts";
import {
  ConcurrencyLimits,
  type LeasedPlaces,
  type WaitingExecution,
} from "./concurrency-limits.ts";
import type { Used } from "./day.ts";
import { LeasesOfServer } from "./leases-of-server.ts";
import type { LimitsLeft } from "./left.ts";
import { type RateCounter, Rates } from "./rates.ts";

/**
 * Milliseconds an execution waits for others. It is less than the extra time for which an
 * idempotency key is reserved.
 */
const PATIENCE = 60_000;

export interface QuotasOptions {
  /** Returns Unix time in milliseconds. Default: the clock of this host. */
  readonly now?: () => number;
  /** Longest wait, in milliseconds. */
  readonly patience?: number | undefined;
  /** Leases in a store that other servers use, too. Default: no other server uses it. */
  readonly shared?: { readonly leases: Leases; readonly node: string } | undefined;
}

/** One tenant's executions at once. */
interface Places {
  readonly limits: ConcurrencyLimits;
  readonly leased: LeasedPlaces | undefined;
}

/** Limits each tenant's executions: at once, within its rate, and within a day. */
export class Quotas implements Admission {
  readonly #places = new Map<string, Places>();
  readonly #leases: LeasesOfServer | undefined;
  readonly #rates: RateCounter;
  readonly #budgets: BudgetCounter;
  readonly #patience: number;

  constructor(
    executions: Pick<Executions, "used">,
    { now, patience = PATIENCE, shared }: QuotasOptions = {},
  ) {
    this.#leases = shared && new LeasesOfServer(shared.leases, shared.node);
    this.#rates = this.#leases?.rates ?? new Rates();
    this.#budgets = this.#leases?.budgets ?? new Budgets(executions, now);
    this.#patience = patience;
  }

  async admit(caller: Caller, options: Parameters<Admission["admit"]>[1]): Promise<Release> {
    const { tenant, limits } = caller;
    // Checked first: an execution without a place has not begun, so no rate or budget may count it.
    if (!options.hasPlace) this.#places.get(tenant.id)?.limits.check(limits, options);
    const undo = await this.#rates.count(caller);
    const settle = await this.#budgets.take(caller);
    const give = await this.#take(caller, options).catch((error: unknown) => {
      settle(null);
      undo();
      throw error;
    });
    const release = (used: Parameters<Release>[0]): void => {
      give();
      // Without a measured CPU time, all time but the wait for a sandbox counts.
      settle(used && (used.cpu ?? used.wall - used.queued));
    };
    return settle.reserved ? Object.assign(release, { reserved: settle.reserved }) : release;
  }

  async hold(caller: Caller, options: WaitingExecution): Promise<() => void> {
    await this.checkBudget(caller);
    this.#places.get(caller.tenant.id)?.limits.check(caller.limits, options);
    const undo = await this.#rates.count(caller);
    return this.#take(caller, options).catch((error: unknown) => {
      undo();
      throw error;
    });
  }

  /** Takes a place, unless the execution has one. Returns the function that gives it back. */
  async #take(
    { tenant, limits }: Caller,
    options: Parameters<Admission["admit"]>[1],
  ): Promise<() => void> {
    if (options.hasPlace) return () => {};
    const places = this.#placesOf(tenant.id);
    const tidy = (): void => this.#tidy(tenant.id, places);
    await places.limits.take(limits, options).catch((error: unknown) => {
      tidy();
      throw error;
    });
    return () => {
      places.limits.give(options.isAnonymous);
      tidy();
    };
  }

  async checkBudget(caller: Caller): Promise<void> {
    const { budget } = caller.limits;
    if (budget === undefined) return;
    const { executions, cpu, resetsAt } = await this.#budgets.today(caller);
    const { executions: most = Number.POSITIVE_INFINITY, cpu: mostCpu = Number.POSITIVE_INFINITY } =
      budget;
    const isExecutions = executions >= most;
    if (!isExecutions && cpu < mostCpu) return;
    throw exhausted(isExecutions, isExecutions ? most : mostCpu, resetsAt.getTime() - Date.now());
  }

  charge(tenant: string, cpu: number): void {
    this.#budgets.charge(tenant, cpu);
  }

  /** Returns the tenant's use of today. With a budget, it includes executions under way. */
  today(caller: Caller): Promise<Used & { resetsAt: Date }> {
    return this.#budgets.today(caller);
  }

  /** Returns what the caller's limits leave, by what is known here. */
  async left(caller: Caller): Promise<LimitsLeft> {
    return { rate: await this.#rates.left(caller), day: this.#budgets.left(caller) };
  }

  /** Gives what is leased back to other servers, once nothing runs any more. */
  async close(): Promise<void> {
    await this.#leases?.close();
  }

  #placesOf(tenant: string): Places {
    const known = this.#places.get(tenant);
    if (known !== undefined) return known;
    const leased = this.#leases?.placesOf(tenant);
    const onIdle = (): void => this.#tidy(tenant, made);
    const made = { limits: new ConcurrencyLimits(this.#patience, leased, onIdle), leased };
    this.#places.set(tenant, made);
    return made;
  }

  #tidy(tenant: string, places: Places): void {
    if (!places.limits.idle || this.#places.get(tenant) !== places) return;
    this.#places.delete(tenant);
    if (places.leased !== undefined) this.#leases?.forget(places.leased);
  }
}
