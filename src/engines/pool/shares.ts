import type { IdleUsage, Sandbox } from "../contract/contract.ts";

/** Milliseconds for which a tenant that has made a request is expected to make another. */
export const EXPECTED_AGAIN = 600_000;

interface Share {
  leased: number;
  waiting: number;
  /** Turn in which it may have the next sandbox. */
  turn: number;
  at: number;
}

/**
 * Counts the sandboxes of each tenant, and decides whose turn it is. Turns work as in start-time
 * fair queueing. Receiving a new sandbox sets a tenant's next turn to the current one + 1. A tenant
 * that was idle competes in the current turn, without credit or debt.
 */
export class Shares {
  readonly #leases = new Map<Sandbox, string>();
  readonly #last = new WeakMap<Sandbox, string>();
  readonly #tenants = new Map<string, Share>();
  #present = 0;

  /** Number of tenants with recent requests. */
  get tenants(): number {
    return this.#tenants.size;
  }

  /** Number of leased sandboxes. */
  get size(): number {
    return this.#leases.size;
  }

  /** Records a request of a tenant. */
  note(tenant: string): void {
    this.#of(tenant);
  }

  /** Adds a waiting request of a tenant, or removes one with −1. */
  queue(tenant: string, more: 1 | -1): void {
    this.#of(tenant).waiting += more;
  }

  /**
   * Records that a tenant leases a sandbox. One that is not `fresh` has served the tenant before.
   */
  lease(sandbox: Sandbox, tenant: string, fresh: boolean): Sandbox {
    const share = this.#of(tenant);
    this.#leases.set(sandbox, tenant);
    this.#last.set(sandbox, tenant);
    share.leased += 1;
    if (!fresh) return sandbox;
    this.#present = this.#turn(tenant);
    share.turn = this.#present + 1;
    return sandbox;
  }

  /** Ends a lease. Returns its tenant; `undefined` if the sandbox was not leased. */
  release(sandbox: Sandbox): string | undefined {
    const tenant = this.#leases.get(sandbox);
    if (tenant === undefined) return undefined;
    this.#leases.delete(sandbox);
    this.#of(tenant).leased -= 1;
    return tenant;
  }

  /** Returns what a sandbox has used since its last job, and whose job it was, if there is both. */
  restOf(sandbox: Sandbox): Omit<IdleUsage, "level"> | undefined {
    const tenant = this.#last.get(sandbox);
    const cpu = sandbox.meter?.rest() ?? 0;
    return tenant === undefined || cpu === 0 ? undefined : { tenant, cpu };
  }

  /** Lists all leased sandboxes. */
  all(): Sandbox[] {
    return [...this.#leases.keys()];
  }

  /** Returns the number of sandboxes that a tenant has leased. */
  leased(tenant: string): number {
    return this.#tenants.get(tenant)?.leased ?? 0;
  }

  /**
   * Tells whether a tenant is starved: it is its turn, it has no sandbox and at most one request
   * waits.
   */
  isStarved(tenant: string): boolean {
    const share = this.#tenants.get(tenant);
    if (share === undefined) return true;
    return share.leased === 0 && share.waiting <= 1 && share.turn <= this.#present;
  }

  /**
   * Compares two tenants. Negative if the first comes before the second, zero if they are equal.
   */
  compare(a: string, b: string): number {
    return this.leased(a) - this.leased(b) || this.#turn(a) - this.#turn(b);
  }

  /** Forgets tenants without recent requests. */
  prune(): void {
    const now = Date.now();
    for (const [tenant, { leased, waiting, at }] of this.#tenants) {
      if (leased + waiting === 0 && now - at > EXPECTED_AGAIN) this.#tenants.delete(tenant);
    }
  }

  #turn(tenant: string): number {
    return Math.max(this.#tenants.get(tenant)?.turn ?? 0, this.#present);
  }

  #of(tenant: string): Share {
    let share = this.#tenants.get(tenant);
    if (share === undefined) {
      share = { leased: 0, waiting: 0, turn: 0, at: 0 };
      this.#tenants.set(tenant, share);
    }
    share.at = Date.now();
    return share;
  }
}
