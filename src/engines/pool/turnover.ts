import type { Sandbox } from "../contract/contract.ts";

/** Weight of the newest lease in the expected time of the next one. */
const NEWEST = 0.2;
/** Weights of a lease that is shorter than the short ones so far, and of one that is longer. */
const SHORTER = 0.5;
const LONGER = 0.02;
/** Keys whose times are remembered, the most recently used ones. */
const MOST_KEYS = 1_000;
/** Milliseconds that a lease of a tenant's sandbox is expected to take before there was one. */
const UNKNOWN_LEASE = 100;
/** Milliseconds after which a peak of the demand for a key counts as half of it. */
const HALVED_AFTER = 5_000;

/** Times of one key. */
interface Times {
  /** Beginnings of the leases by sandbox. */
  readonly leases: Map<Sandbox, number>;
  /** Milliseconds that a lease takes; `undefined` if nothing is known. */
  expected: number | undefined;
  /** Milliseconds of the short leases, which other work on the processors does not lengthen. */
  short: number | undefined;
  /** Most leases at once, of those after the first execution. It fades from `at` on. */
  peak: number;
  at: number;
}

/** Times of the sandboxes of a key, from one execution to the next. */
export class Turnover {
  readonly #leases = new Map<Sandbox, Times>();
  /** Times by key, the least recently used first. */
  readonly #keys = new Map<string, Times>();

  /** Notes that a sandbox has been leased for a key, which all requests of a tenant may have. */
  begin(sandbox: Sandbox, key: string, isOfTenant = false): void {
    const now = performance.now();
    const times = this.#keys.get(key) ?? begun(now, isOfTenant);
    this.#keys.delete(key);
    this.#keys.set(key, times);
    times.leases.set(sandbox, now);
    this.#leases.set(sandbox, times);
    // Before anything has returned, many at once say nothing of the next requests.
    const isAgain = times.short !== undefined;
    if (isAgain && times.leases.size >= faded(times, now)) {
      times.peak = times.leases.size;
      times.at = now;
    }
    this.#forgetOldest();
  }

  /** Notes that a sandbox is idle again, or gone. */
  end(sandbox: Sandbox): void {
    const times = this.#leases.get(sandbox);
    const since = times?.leases.get(sandbox);
    if (times === undefined || since === undefined) return;
    const now = performance.now();
    times.leases.delete(sandbox);
    this.#leases.delete(sandbox);
    const lease = now - since;
    const { expected = lease, short = lease } = times;
    times.expected = expected + NEWEST * (lease - expected);
    times.short = short + (lease < short ? SHORTER : LONGER) * (lease - short);
  }

  /**
   * Returns the milliseconds after which the sandboxes of a key have served `position` waiters. One
   * that is leased for longer than expected is taken to go on for as long again.
   */
  wait(key: string, position: number): number {
    const { leases, expected } = this.#keys.get(key) ?? {};
    if (leases === undefined || expected === undefined) return Number.POSITIVE_INFINITY;
    return position / rate(leases, expected, expected);
  }

  /**
   * Like `wait()`, by the short leases alone. While all processors are busy, more sandboxes would
   * only make each lease longer.
   */
  shortWait(key: string, position: number): number {
    const { leases, expected, short } = this.#keys.get(key) ?? {};
    if (leases === undefined || expected === undefined || short === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    return position / rate(leases, short, 2 * expected);
  }

  /** Number of sandboxes of a key that are leased. */
  leased(key: string): number {
    return this.#keys.get(key)?.leases.size ?? 0;
  }

  /** Number of sandboxes that requests of a key have lately used at once. */
  demand(key: string): number {
    const times = this.#keys.get(key);
    return times === undefined ? 0 : Math.round(faded(times, performance.now()));
  }

  #forgetOldest(): void {
    if (this.#keys.size <= MOST_KEYS) return;
    for (const [key, { leases }] of this.#keys) {
      if (leases.size > 0) continue;
      this.#keys.delete(key);
      return;
    }
  }
}

function begun(at: number, isOfTenant: boolean): Times {
  const expected = isOfTenant ? UNKNOWN_LEASE : undefined;
  return { leases: new Map(), expected, short: undefined, peak: 0, at };
}

/** Returns how many leases end in a millisecond. One longer than `late` takes as long again. */
function rate(leases: ReadonlyMap<Sandbox, number>, expected: number, late: number): number {
  const now = performance.now();
  let sum = 0;
  for (const since of leases.values()) {
    const lease = now - since;
    sum += 1 / Math.max(lease > late ? lease : expected, 1);
  }
  return sum;
}

function faded({ peak, at }: Times, now: number): number {
  return peak * 0.5 ** ((now - at) / HALVED_AFTER);
}
