import type { Sandbox } from "../contract/contract.ts";

/** Milliseconds for which a tenant that has asked is expected to ask again. */
export const EXPECTED_AGAIN = 600_000;

interface Share {
  leased: number;
  waiting: number;
  /** The turn in which it may have the next sandbox. */
  turn: number;
  at: number;
}

/**
 * What of a pool's sandboxes each tenant has, and whose turn it is to be given one. Turns are
 * counted as in start-time fair queueing: whoever is given a sandbox has its next turn one later,
 * and who has asked for none meanwhile is up in the present one, neither credited nor blamed for
 * what it had while nobody else wanted any.
 */
export class Shares {
  readonly #leases = new Map<Sandbox, string>();
  readonly #last = new WeakMap<Sandbox, string>();
  readonly #tenants = new Map<string, Share>();
  #present = 0;

  /** Tenants that have asked for something lately. */
  get tenants(): number {
    return this.#tenants.size;
  }

  /** Sandboxes that are leased. */
  get size(): number {
    return this.#leases.size;
  }

  /** A tenant asks for something. */
  note(tenant: string): void {
    this.#of(tenant);
  }

  /** One more of a tenant waits, or by −1 one less. */
  queue(tenant: string, more: 1 | -1): void {
    this.#of(tenant).waiting += more;
  }

  /** A tenant has a sandbox from now on; one that is not `fresh` has served it before. */
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

  /** Nobody has it any more. Returns whose it was; `undefined` if it was leased to nobody. */
  release(sandbox: Sandbox): string | undefined {
    const tenant = this.#leases.get(sandbox);
    if (tenant === undefined) return undefined;
    this.#leases.delete(sandbox);
    this.#of(tenant).leased -= 1;
    return tenant;
  }

  /** Whose a sandbox is or was last; `undefined` if it has never been leased. */
  lastOf(sandbox: Sandbox): string | undefined {
    return this.#last.get(sandbox);
  }

  /** All that are leased. */
  all(): Sandbox[] {
    return [...this.#leases.keys()];
  }

  /** Sandboxes a tenant has leased. */
  leased(tenant: string): number {
    return this.#tenants.get(tenant)?.leased ?? 0;
  }

  /** Whether it is a tenant's turn, and it has no sandbox and asks for no more than one. */
  isStarved(tenant: string): boolean {
    const share = this.#tenants.get(tenant);
    if (share === undefined) return true;
    return share.leased === 0 && share.waiting <= 1 && share.turn <= this.#present;
  }

  /** Negative if the first tenant comes before the second, zero if neither has the better claim. */
  compare(a: string, b: string): number {
    return this.leased(a) - this.leased(b) || this.#turn(a) - this.#turn(b);
  }

  /** Forgets tenants nobody has heard of for long. */
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
