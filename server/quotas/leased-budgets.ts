import type { Leases, Renewal, Wanted } from "../store/contract/leases.ts";
import type { Caller } from "../tenants/auth.ts";
import type { TenantLimits } from "../tenants/limits.ts";
import { type BudgetCounter, exhausted, type Settle } from "./budgets.ts";
import { DAY, type Used } from "./day.ts";
import { IDLE, LEASE } from "./lease-times.ts";
import type { Left } from "./left.ts";
import { type Granted, Permits } from "./permits.ts";

type Budget = NonNullable<TenantLimits["budget"]>;

/** Milliseconds for which other servers wait for what is ahead here: it is given back before. */
const AHEAD_FOR = 1.3 * IDLE;
/** Milliseconds after which they ask again. */
const AGAIN = 150;
/** Milliseconds for which a reservation is renewed after the end of its execution, which is to be recorded. */
const RECORDED = 30_000;
/** Permits of a budget that bounds no executions. They are for a question about the use from time to time. */
const PLENTY = 1_000_000_000;

/** Budget of one tenant. */
interface Counted {
  budget: Budget;
  /** Name of its reservations. */
  readonly node: string;
  readonly permits: Permits;
  /** Day of the last answer, and its end by this process's clock. */
  day: string;
  dayEnds: number;
  /** Milliseconds of CPU used that day, as far as is known here. */
  cpu: number;
  running: number;
  /** Executions that day, as far as is known here: recorded ones, and those of this server. */
  begun: number;
  touchedAt: number;
}

/**
 * Daily budgets over all servers of the store. Executions are reserved in the store before they
 * begin, some of them ahead of time. The statement that records an execution replaces its
 * reservation.
 */
export class LeasedBudgets implements BudgetCounter {
  readonly #leases: Leases;
  readonly #node: string;
  readonly #counted = new Map<string, Counted>();
  #made = 0;
  /**
   * Budgets without further executions, until theirs have ended: after a question without an answer,
   * or after a change from or to no bound of executions.
   */
  readonly #former = new Map<Counted, string>();
  /** Processor time that belongs to no execution, until it is in the store. */
  #charges = new Map<string, number>();

  constructor(leases: Leases, node: string) {
    this.#leases = leases;
    this.#node = node;
  }

  async take({ tenant, limits: { budget } }: Caller): Promise<Settle> {
    if (budget === undefined) return () => {};
    const counted = this.#of(tenant.id, budget);
    counted.touchedAt = performance.now();
    await counted.permits.take();
    // Known within the last second, because permits are older in no case.
    if (counted.cpu >= (budget.cpu ?? Number.POSITIVE_INFINITY)) {
      counted.permits.put();
      throw exhausted(false, budget.cpu ?? 0, counted.dayEnds - performance.now());
    }
    const { day } = counted;
    counted.running += 1;
    counted.begun += 1;
    const settle = (used: number | null): void => {
      counted.running -= 1;
      counted.touchedAt = performance.now();
      if (used === null && day === counted.day) {
        counted.permits.put();
        counted.begun -= 1;
      }
      if (used !== null) counted.cpu += used;
    };
    if (budget.executions === undefined) return settle;
    return Object.assign(settle, { reserved: { node: counted.node, day } });
  }

  charge(tenant: string, cpu: number): void {
    this.#charges.set(tenant, (this.#charges.get(tenant) ?? 0) + cpu);
    const counted = this.#counted.get(tenant);
    if (counted !== undefined) counted.cpu += cpu;
  }

  async today({ tenant }: Caller): Promise<Used & { resetsAt: Date }> {
    const counted = this.#counted.get(tenant.id);
    const isCounting = counted?.budget.executions !== undefined;
    const ahead = isCounting ? counted.permits.unused : 0;
    const { day, executions, cpu } = await this.#leases.today(
      tenant.id,
      counted?.node ?? this.#node,
      ahead,
    );
    return {
      executions,
      cpu: Math.round(cpu + (this.#charges.get(tenant.id) ?? 0)),
      resetsAt: new Date(Date.parse(day) + DAY),
    };
  }

  left({ tenant, limits: { budget } }: Caller): Left | undefined {
    const counted = this.#counted.get(tenant.id);
    const most = budget?.executions;
    const lasts = (counted?.dayEnds ?? 0) - performance.now();
    if (most === undefined || counted === undefined || lasts <= 0) return undefined;
    return { most, seconds: DAY / 1_000, left: Math.max(0, most - counted.begun), lasts };
  }

  /** Adds the charges to the use in the store. They stay here while it is away. */
  async writeCharges(): Promise<void> {
    if (this.#charges.size === 0) return;
    const charges = this.#charges;
    this.#charges = new Map();
    try {
      await this.#leases.charge([...charges].map(([tenant, cpu]) => ({ tenant, cpu })));
    } catch (error) {
      for (const [tenant, cpu] of this.#charges)
        charges.set(tenant, (charges.get(tenant) ?? 0) + cpu);
      this.#charges = charges;
      throw error;
    }
  }

  /** Returns the reservations to renew. Forgets those that no execution has any more. */
  renewals(): Renewal["budgets"] {
    const now = performance.now();
    const renewals: Renewal["budgets"][number][] = [];
    const isOver = ({ running, permits, touchedAt }: Counted): boolean =>
      running === 0 && permits.unused === 0 && now - touchedAt > RECORDED;
    const former = [...this.#former].map(([counted, tenant]) => [tenant, counted] as const);
    for (const [tenant, counted] of [...this.#counted, ...former]) {
      if (isOver(counted)) {
        this.#former.delete(counted);
        if (this.#counted.get(tenant) === counted) this.#counted.delete(tenant);
        counted.permits.close();
      } else if (counted.day !== "" && counted.budget.executions !== undefined) {
        renewals.push({ tenant, day: counted.day, node: counted.node });
      }
    }
    return renewals;
  }

  close(): void {
    for (const { permits } of this.#counted.values()) permits.close();
  }

  #of(tenant: string, budget: Budget): Counted {
    const known = this.#counted.get(tenant);
    const counts = budget.executions !== undefined;
    if (known !== undefined && counts === (known.budget.executions !== undefined)) {
      if (known.budget.executions !== budget.executions) known.permits.retry();
      known.budget = budget;
      return known;
    }
    if (known !== undefined) this.#retire(tenant, known);
    this.#made += 1;
    const permits = new Permits((wanted) => this.#ask(tenant, made, wanted));
    const made: Counted = {
      ...{ budget, permits, day: "", dayEnds: 0, cpu: 0, running: 0, begun: 0 },
      node: `${this.#node}/${this.#made}`,
      touchedAt: performance.now(),
    };
    this.#counted.set(tenant, made);
    return made;
  }

  #retire(tenant: string, counted: Counted): void {
    if (this.#counted.get(tenant) === counted) this.#counted.delete(tenant);
    // Without a day there was no answer, so there is nothing to renew. There may be many while the store is away.
    if (counted.day !== "") this.#former.set(counted, tenant);
  }

  async #ask(tenant: string, counted: Counted, wanted: Wanted): Promise<Granted> {
    const { budget, day } = counted;
    const most = budget.executions ?? null;
    const askedAt = performance.now();
    const { ahead, gives, wants } = wanted;
    // Without a bound, there is nothing to give back and nothing to ask when nobody waits.
    if (most === null && wants === 0) return { granted: 0, lasts: 0, refusal: () => new Error() };
    const asked = { tenant, most, wants, ahead, gives: most === null ? 0 : gives, day };
    const answer = await this.#leases
      .reserve(counted.node, { ...asked, aheadFor: AHEAD_FOR }, LEASE)
      .catch((error: unknown) => {
        // The store may have reserved what is not known here. It is over soon under a name that is not used any more.
        this.#retire(tenant, counted);
        throw error;
      });
    counted.cpu = answer.day === day ? Math.max(counted.cpu, answer.cpu) : answer.cpu;
    counted.day = answer.day;
    counted.begun = answer.executions + counted.running;
    counted.dayEnds = askedAt + answer.lasts;
    const refusal = (): Error => exhausted(true, most ?? 0, counted.dayEnds - performance.now());
    const again = answer.coming > 0 ? AGAIN : undefined;
    return {
      granted: most === null ? PLENTY : answer.granted,
      lasts: answer.lasts,
      refusal,
      again,
    };
  }
}
