import type { WorkerGrant } from "../../protocol/grants.ts";
import type { Sandbox } from "../contract/contract.ts";
import type { Shares } from "./shares.ts";

/** Tenant, reuse key and grant of a request for a sandbox. */
export interface Claim {
  /** Tenant. Default: the host's only one. */
  readonly tenant?: string | undefined;
  /** Reuse key: an idle sandbox that has run this key will do, too. */
  readonly key?: string | undefined;
  /** True if sandboxes of the key go round among all requests of a tenant. Default false. */
  readonly goesRound?: boolean | undefined;
  /** Permissions of its worker, for which sandboxes are prepared from now on. Default: none. */
  readonly worker?: WorkerGrant | undefined;
}

/** Sandboxes that a waiting request can use, beside unused ones of its profile. */
export interface Wanted {
  readonly tenant: string;
  /** Reuse key: an idle sandbox that has run this key will do, too. */
  readonly key: string | undefined;
  /** True if sandboxes of the key go round among all requests of a tenant. */
  readonly goesRound?: boolean | undefined;
  /** Key of its grant: a sandbox that is prepared for it will do, too. */
  readonly grant?: string | undefined;
}

export interface Waiter extends Wanted {
  readonly since: number;
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
  wait(signal: AbortSignal, wanted: Wanted): Promise<Sandbox> {
    const { tenant } = wanted;
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
        ...wanted,
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

  /**
   * Counts the waiters that need a start. The others get a sandbox of their key sooner. `wait()`
   * returns the time after which sandboxes of a key have served a number of waiters.
   */
  inNeed(wait: (key: string, position: number) => number, startTime: number): number {
    const positions = new Map<string, number>();
    return this.#all.filter(({ key, goesRound }) => {
      if (key === undefined || !goesRound) return true;
      const position = (positions.get(key) ?? 0) + 1;
      if (wait(key, position) > startTime) return true;
      positions.set(key, position);
      return false;
    }).length;
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
