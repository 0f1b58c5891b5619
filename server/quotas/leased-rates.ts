import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Leases, Wanted } from "../store/contract/leases.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Left } from "./left.ts";
import { type Granted, Permits } from "./permits.ts";
import { type RateCounter, rateMessage, type Undo } from "./rates.ts";

interface Rate {
  readonly requests: number;
  readonly seconds: number;
}

/** Events of one tenant. */
interface Counted {
  rate: Rate;
  readonly permits: Permits;
  /** Window of the last answer. */
  window: string;
  /** Events left in it that no server had taken, and its end by this process's clock. */
  left: number;
  ends: number;
  /** Time until which no event is left, by this process's clock. */
  emptyUntil: number;
}

/** Counts events of tenants within a time, over all servers of the store. */
export class LeasedRates implements RateCounter {
  readonly #leases: Pick<Leases, "events">;
  readonly #kind: string;
  readonly #verb: string;
  readonly #what: string;
  readonly #counted = new Map<string, Counted>();

  /** Creates the counter of one kind of events. Both texts are for messages. */
  constructor(leases: Pick<Leases, "events">, kind: string, verb?: string, what?: string) {
    this.#leases = leases;
    this.#kind = kind;
    this.#verb = verb ?? "begin";
    this.#what = what ?? "executions";
  }

  async count({ tenant, limits: { rate } }: Caller): Promise<Undo> {
    if (rate === undefined) return () => {};
    const counted = this.#of(tenant.id, rate);
    await counted.permits.take();
    const { window } = counted;
    return () => {
      // In the next window, it counts no more.
      if (counted.window === window) counted.permits.put();
    };
  }

  async check({ tenant, limits: { rate } }: Caller): Promise<void> {
    const known = rate && this.#counted.get(tenant.id);
    if (!known || !isSame(known.rate, rate) || known.permits.ahead > 0) return;
    const left = known.emptyUntil - performance.now();
    if (left > 0) throw this.#exceeded(rate, left);
  }

  async left({ tenant, limits: { rate } }: Caller): Promise<Left | undefined> {
    if (rate === undefined) return undefined;
    const { requests: most, seconds } = rate;
    const known = this.#counted.get(tenant.id);
    const lasts = (known?.ends ?? 0) - performance.now();
    if (!known || !isSame(known.rate, rate) || lasts <= 0) {
      return { most, seconds, left: most, lasts: seconds * 1_000 };
    }
    return { most, seconds, left: Math.min(most, known.left + known.permits.ahead), lasts };
  }

  close(): void {
    for (const { permits } of this.#counted.values()) permits.close();
  }

  #of(tenant: string, rate: Rate): Counted {
    const known = this.#counted.get(tenant);
    if (known !== undefined) {
      if (!isSame(known.rate, rate)) known.permits.retry();
      known.rate = rate;
      return known;
    }
    const permits = new Permits(
      (wanted) => this.#ask(tenant, made, wanted),
      () => this.#counted.delete(tenant),
    );
    const made: Counted = { rate, permits, window: "", left: 0, ends: 0, emptyUntil: 0 };
    this.#counted.set(tenant, made);
    return made;
  }

  async #ask(tenant: string, counted: Counted, wanted: Wanted): Promise<Granted> {
    const { rate, window } = counted;
    const askedAt = performance.now();
    const asked = { tenant, kind: this.#kind, ...rate, window, ...wanted };
    const answer = await this.#leases.events(asked);
    const { granted, left, lasts } = answer;
    counted.window = answer.window;
    counted.left = left;
    counted.ends = askedAt + lasts;
    counted.emptyUntil = left === 0 ? askedAt + lasts : 0;
    const refusal = (): Error => this.#exceeded(rate, askedAt + lasts - performance.now());
    return { granted, lasts, refusal };
  }

  #exceeded(rate: Rate, wait: number): QuotaExceeded {
    return new QuotaExceeded("RATE_LIMIT", rateMessage(this.#verb, this.#what, rate), wait);
  }
}

function isSame(one: Rate, other: Rate): boolean {
  return one.requests === other.requests && one.seconds === other.seconds;
}
