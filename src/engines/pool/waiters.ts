import type { Sandbox } from "../contract/contract.ts";
import type { Shares } from "./shares.ts";

export interface Waiter {
  readonly since: number;
  readonly tenant: string;
  /** What it would take a kept sandbox of, too. */
  readonly key: string | undefined;
  resolve(sandbox: Sandbox): void;
  reject(error: unknown): void;
}

/** Those who wait for a sandbox of one profile. */
export class Waiters implements Iterable<Waiter> {
  /** In the order they came. */
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

  /** Resolves with the sandbox it is given; rejects with the signal's reason. */
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

  /** Whose turn it is: the tenant's with the fewest sandboxes, and of its own who came first. */
  next(): Waiter | undefined {
    let next: Waiter | undefined;
    for (const waiter of this.#all) {
      if (next === undefined || this.#shares.compare(waiter.tenant, next.tenant) < 0) next = waiter;
    }
    return next;
  }

  /** How many of them are of a starved tenant, which has but one. */
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
 * Who has to leave a full queue for one more of `tenant`: the last to come of the tenant with the most
 * in it. Nobody, if that would leave the newcomer's with as many.
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
