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

/** Tells whether the sandboxes of a key serve a number of waiters in time. */
export type InTime = (key: string, position: number) => boolean;

/** Requests that wait for a sandbox of one profile. */
export class Waiters implements Iterable<Waiter> {
  /** Requests in their order of arrival. */
  readonly #all: Waiter[] = [];
  /** Number of requests by key. */
  readonly #keys = new Map<string, number>();
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
      this.#count(wanted.key, 1);
      this.#shares.queue(tenant, 1);
    });
  }

  /** Returns the first waiter with a key. */
  firstOf(key: string): Waiter | undefined {
    return this.#keys.has(key) ? this.#all.find((waiter) => waiter.key === key) : undefined;
  }

  /** Number of waiters with a key. */
  of(key: string): number {
    return this.#keys.get(key) ?? 0;
  }

  /**
   * Returns the next waiter: of the tenant with the fewest sandboxes, then of the one whose turn is
   * first, then the first to come. With `isSoon()`, skips those whom the sandboxes of their key serve
   * soon.
   */
  next(isSoon?: InTime): Waiter | undefined {
    let next: Waiter | undefined;
    for (const waiter of isSoon ? this.unserved(isSoon) : this.#all) {
      if (next === undefined || this.#shares.compare(waiter.tenant, next.tenant) < 0) next = waiter;
    }
    return next;
  }

  /** Lists the waiters whom the sandboxes of their key do not serve in time. */
  unserved(inTime: InTime): readonly Waiter[] {
    if (this.#keys.size === 0) return this.#all;
    const positions = new Map<string, number>();
    return this.#all.filter(({ key }) => {
      if (key === undefined) return true;
      const position = (positions.get(key) ?? 0) + 1;
      if (!inTime(key, position)) return true;
      positions.set(key, position);
      return false;
    });
  }

  /** Number of waiters of starved tenants; such a tenant has only one. */
  get starved(): number {
    return this.#all.filter(({ tenant }) => this.#shares.isStarved(tenant)).length;
  }

  #remove(waiter: Waiter): void {
    const index = this.#all.indexOf(waiter);
    if (index < 0) return;
    this.#all.splice(index, 1);
    this.#count(waiter.key, -1);
    this.#shares.queue(waiter.tenant, -1);
  }

  #count(key: string | undefined, more: 1 | -1): void {
    if (key === undefined) return;
    const count = this.of(key) + more;
    if (count === 0) this.#keys.delete(key);
    else this.#keys.set(key, count);
  }
}
