import type { Sandbox } from "./engine.ts";

/** Milliseconds after which a sandbox that a tenant was given counts half of a new one. */
const HALF_LIFE = 10_000;
/** Whoever was given more than this part of what the greediest was given is greedy, too. */
const GREEDY = 0.75;
/** Milliseconds for which a tenant that has asked is expected to ask again. */
export const EXPECTED_AGAIN = 600_000;
/** Half-lives after which the unit is made larger: numbers have room for a thousand. */
const REBASE_AFTER = 100;

interface Share {
  leased: number;
  used: number;
  at: number;
}

/** What of a pool's sandboxes each tenant has at present, and was given lately. */
export class Shares {
  readonly #leases = new Map<Sandbox, string>();
  readonly #tenants = new Map<string, Share>();
  // As if what is new weighed ever more, and not what is old ever less: nothing has to be
  // recomputed as time goes by, and the order of two tenants changes only when one is given something.
  #epoch = Date.now();
  #most = 0;
  #modestAt = Number.NEGATIVE_INFINITY;

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

  /** A tenant has a sandbox from now on; one that is not `fresh` has served it before. */
  lease(sandbox: Sandbox, tenant: string, fresh: boolean): Sandbox {
    const share = this.#of(tenant);
    this.#leases.set(sandbox, tenant);
    share.leased += 1;
    if (fresh) share.used += 2 ** ((share.at - this.#epoch) / HALF_LIFE);
    this.#most = Math.max(this.#most, share.used);
    if (share.used <= this.#most * GREEDY) this.#modestAt = share.at;
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

  /** All that are leased. */
  all(): Sandbox[] {
    return [...this.#leases.keys()];
  }

  /** Sandboxes a tenant has leased. */
  leased(tenant: string): number {
    return this.#tenants.get(tenant)?.leased ?? 0;
  }

  /** Whether a tenant has no sandbox, and was given fewer lately than the greediest. */
  isStarved(tenant: string): boolean {
    const share = this.#tenants.get(tenant);
    if (share === undefined) return true;
    return share.leased === 0 && share.used <= this.#most * GREEDY;
  }

  /** Whether some tenant was served just now that was given clearly fewer than the greediest. */
  get contested(): boolean {
    return Date.now() - this.#modestAt < HALF_LIFE;
  }

  /** Negative if the first tenant comes before the second, zero if neither has the better claim. */
  compare(a: string, b: string): number {
    const [first, second] = [this.#tenants.get(a), this.#tenants.get(b)];
    const byLeased = (first?.leased ?? 0) - (second?.leased ?? 0);
    return byLeased === 0 ? (first?.used ?? 0) - (second?.used ?? 0) : byLeased;
  }

  /** Forgets tenants nobody has heard of for long. */
  prune(): void {
    const now = Date.now();
    for (const [tenant, { leased, at }] of this.#tenants) {
      if (leased === 0 && now - at > EXPECTED_AGAIN) this.#tenants.delete(tenant);
    }
    if (now - this.#epoch < HALF_LIFE * REBASE_AFTER) return;
    const unit = 2 ** ((this.#epoch - now) / HALF_LIFE);
    for (const share of this.#tenants.values()) share.used *= unit;
    this.#most *= unit;
    this.#epoch = now;
  }

  #of(tenant: string): Share {
    let share = this.#tenants.get(tenant);
    if (share === undefined) {
      share = { leased: 0, used: 0, at: 0 };
      this.#tenants.set(tenant, share);
    }
    share.at = Date.now();
    return share;
  }
}
