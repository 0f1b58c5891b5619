import type { Sandbox } from "../contract/contract.ts";

/** Weight of the newest lease in the expected time of the next one. */
const NEWEST = 0.2;
/** Keys whose times are remembered, the most recently used ones. */
const MOST_KEYS = 1_000;
/** Milliseconds that a lease is expected to take before there was one. */
const UNKNOWN_LEASE = 100;

/** Times of the sandboxes that go round for a key, from one execution to the next. */
export class Turnover {
  readonly #leases = new Map<Sandbox, { readonly key: string; readonly since: number }>();
  /** Milliseconds of a lease by key, the least recently used first. */
  readonly #expected = new Map<string, number>();

  /** Notes that a sandbox has been leased for a key. */
  begin(sandbox: Sandbox, key: string): void {
    this.#leases.set(sandbox, { key, since: performance.now() });
  }

  /** Notes that a sandbox is idle again, or gone. */
  end(sandbox: Sandbox): void {
    const lease = this.#leases.get(sandbox);
    if (lease === undefined) return;
    this.#leases.delete(sandbox);
    const { key, since } = lease;
    const before = this.#expectedOf(key);
    this.#expected.delete(key);
    this.#expected.set(key, before + NEWEST * (performance.now() - since - before));
    const [oldest] = this.#expected.keys();
    if (this.#expected.size > MOST_KEYS && oldest !== undefined) this.#expected.delete(oldest);
  }

  /**
   * Returns the milliseconds after which the sandboxes of a key have served `position` waiters. One
   * that is leased for longer than expected is taken to go on for as long again.
   */
  wait(key: string, position: number): number {
    const now = performance.now();
    const expected = this.#expectedOf(key);
    let rate = 0;
    for (const lease of this.#leases.values()) {
      if (lease.key === key) rate += 1 / Math.max(expected, now - lease.since, 1);
    }
    return position / rate;
  }

  #expectedOf(key: string): number {
    return this.#expected.get(key) ?? UNKNOWN_LEASE;
  }
}
