import type { Sandbox } from "../contract/contract.ts";
import type { Shares } from "./shares.ts";

export interface Waiter {
  readonly since: number;
  readonly tenant: string;
  /** Reuse key: an idle sandbox that has run this key will do, too. */
  readonly key: string | undefined;
  resolve(sandbox: Sandbox): void;
  reject(error: unknown): void;
}

/** Requests that wait for a sandbox of one profile. */
export class Waiters implements Iterable<Waiter> {
  /** Requests in their order of arrival. */
  readonly #all: Waiter[] = [];
  readonly #shares: Shares;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  get size(): number {
    return this.#all.length;
  }

  [Symbol.iterator](): Iterator<Waiter> {
    return this.#all.values();
  }

  /** Waits in the queue. Resolves with a sandbox, or rejects with the signal's reason. */
  wait(signal: AbortSignal, tenant: string, key?: string): Promise<Sandbox> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#remove(waiter);
        reject(signal.reason);
      };
      const leave = (): void => {
        signal.removeEventListener("abort", onAbort);
        this.#remove(waiter);
      };
      const waiter: Waiter = {
        since: performance.now(),
        tenant,
        key,
        resolve: (sandbox) => {
          leave();
          resolve(sandbox);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#all.push(waiter);
      this.#shares.queue(tenant, 1);
    });
  }

  /** Returns the next waiter: of the tenant with the fewest sandboxes, the first to come. */
  next(): Waiter | undefined {
    let next: Waiter | undefined;
    for (const waiter of this.#all) {
      if (next === undefined || this.#shares.compare(waiter.tenant, next.tenant) < 0) next = waiter;
    }
    return next;
  }

  /** Number of waiters of starved tenants; such a tenant has only one. */
  get starved(): number {
    return this.#all.filter(({ tenant }) => this.#shares.isStarved(tenant)).length;
  }

  #remove(waiter: Waiter): void {
    const index = this.#all.indexOf(waiter);
    if (index < 0) return;
    this.#all.splice(index, 1);
    this.#shares.queue(waiter.tenant, -1);
  }
}

/**
 * Returns the waiter that has to leave a full queue for a new one of `tenant`. It is the last to
 * come of the tenant with the most waiters. Returns `undefined` if the new tenant would then have
 * as many.
 */
export function evictionCandidate(all: readonly Waiter[], tenant: string): Waiter | undefined {
  const counts = new Map<string, number>();
  for (const { tenant } of all) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const most = Math.max(...counts.values());
  if ((counts.get(tenant) ?? 0) + 1 >= most) return undefined;
  return all
    .filter((waiter) => counts.get(waiter.tenant) === most)
    .reduce((last, waiter) => (waiter.since > last.since ? waiter : last));
}
