import type { ReuseLimits } from "../../config/reuse-limits.ts";
import { type Profile, profileKey, type Sandbox } from "../contract/contract.ts";
import { mostOf } from "./most-of.ts";
import type { Shares } from "./shares.ts";

/** Most executions of a sandbox that is renewed after each, because what they leave can add up. */
const RENEWALS = 1_000;

/** Use of a sandbox: its one key, which never changes. */
interface UsedFor {
  readonly key: string;
  readonly since: number;
  uses: number;
}

export interface KeptLimits extends ReuseLimits {
  /** Most idle sandboxes, whatever the demand. */
  readonly most: number;
}

interface Idle {
  readonly sandbox: Sandbox;
  readonly key: string;
  readonly tenant: string;
  readonly since: number;
  /** True if no code of the key is left in it. */
  readonly renewed: boolean;
}

/** Keeps idle sandboxes that have run a key and may run it again. */
export class KeptSandboxes {
  readonly #limits: KeptLimits;
  readonly #demand: (key: string) => number;
  readonly #onClosed: (sandbox: Sandbox) => void;
  readonly #pasts = new WeakMap<Sandbox, UsedFor>();
  /** Idle sandboxes, the least recently used first. */
  #idle: Idle[] = [];

  /**
   * `demand` returns how many sandboxes requests of a key have lately used at once. `onClosed` is
   * called when an idle sandbox ends. It has been removed by then.
   */
  constructor(
    limits: KeptLimits,
    demand: (key: string) => number,
    onClosed: (sandbox: Sandbox) => void,
  ) {
    this.#limits = limits;
    this.#demand = demand;
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#idle.length;
  }

  /** Removes and returns the most recently used sandbox of a key and a profile. */
  take(profile: Profile, key: string): Sandbox | undefined {
    const own = fullKey(profile, key);
    const found = this.#idle.findLast((item) => item.key === own)?.sandbox;
    if (found !== undefined) this.remove(found);
    return found;
  }

  /**
   * Adds a sandbox that has just run a tenant's key. Returns false if it may not run it again. One
   * that was `renewed` has no code of it left.
   */
  put(sandbox: Sandbox, key: string, tenant: string, renewed = false): boolean {
    const uses = renewed ? Math.min(this.#limits.uses, RENEWALS) : this.#limits.uses;
    const now = Date.now();
    const own = fullKey(sandbox.profile, key);
    const past = this.#pasts.get(sandbox) ?? this.#begin(sandbox, own, now);
    past.uses += 1;
    const isSpent = past.uses >= uses || this.#isOld(sandbox, now);
    if (past.key !== own || isSpent || this.#limits.most === 0) return false;
    this.#idle.push({ sandbox, key: own, tenant, since: now, renewed });
    return true;
  }

  /** Lets a sandbox stay idle that no waiter has got, and returns `takeExcess()`. */
  settle(sandbox: Sandbox): Sandbox[] {
    const item = this.#idle.find((each) => each.sandbox === sandbox);
    if (item && !item.renewed) sandbox.idle?.();
    return item ? this.takeExcess() : [];
  }

  /**
   * Removes and returns the sandboxes for which there is no place. As many as the demand for their
   * key stay, if there is room for them. The number for a key does not count for renewed ones.
   */
  takeExcess(): Sandbox[] {
    const { perKey, total, most } = this.#limits;
    if (this.size <= Math.min(perKey, total, most)) return [];
    const excess: Idle[] = [];
    let demanded = 0;
    for (const [key, same] of this.#byKey()) {
      const demand = this.#demand(key);
      demanded = Math.max(demanded, demand);
      if (same[0]?.renewed) continue;
      excess.push(...same.slice(0, Math.max(0, same.length - Math.max(perKey, demand))));
    }
    const gone = excess.map((item) => this.#take(item));
    while (this.size > Math.min(most, Math.max(total, demanded))) {
      const first = this.#first();
      if (first === undefined) break;
      gone.push(this.#take(first));
    }
    return gone;
  }

  #byKey(): Map<string, Idle[]> {
    const groups = new Map<string, Idle[]>();
    for (const item of this.#idle) {
      const group = groups.get(item.key);
      if (group === undefined) groups.set(item.key, [item]);
      else group.push(item);
    }
    return groups;
  }

  /** Removes a sandbox. Returns false if it is not in here. */
  remove(sandbox: Sandbox): boolean {
    const before = this.size;
    this.#idle = this.#idle.filter((item) => item.sandbox !== sandbox);
    return this.size < before;
  }

  /**
   * Removes and returns a sandbox to make room for a tenant. It is the tenant's own, or of a tenant
   * that has more sandboxes, idle or leased. Among these, it is the least recently used one of the
   * tenant with the most.
   */
  takeFor(tenant: string, shares: Shares): Sandbox | undefined {
    const counts = this.#counts();
    const has = (each: string): number => (counts.get(each) ?? 0) + shares.leased(each);
    const own = has(tenant);
    const one = mostOf(
      this.#idle.filter((item) => item.tenant === tenant || has(item.tenant) > own),
      has,
    );
    return one && this.#take(one);
  }

  /** Removes and returns expired sandboxes. */
  takeExpired(): Sandbox[] {
    const now = Date.now();
    const expired = this.#idle.filter(
      ({ sandbox, since }) => now - since > this.#limits.idle || this.#isOld(sandbox, now),
    );
    this.#idle = this.#idle.filter((item) => !expired.includes(item));
    return expired.map(({ sandbox }) => sandbox);
  }

  of(tenant: string): Sandbox[] {
    return this.#idle.filter((item) => item.tenant === tenant).map(({ sandbox }) => sandbox);
  }

  all(): Sandbox[] {
    return this.#idle.map(({ sandbox }) => sandbox);
  }

  clear(): Sandbox[] {
    return this.#idle.splice(0).map(({ sandbox }) => sandbox);
  }

  /** Returns the least recently used sandbox of the tenant with the most idle ones. */
  #first(): Idle | undefined {
    const counts = this.#counts();
    return mostOf(this.#idle, (tenant) => counts.get(tenant) ?? 0);
  }

  #counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { tenant } of this.#idle) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    return counts;
  }

  #take({ sandbox }: Idle): Sandbox {
    this.remove(sandbox);
    return sandbox;
  }

  #begin(sandbox: Sandbox, key: string, since: number): UsedFor {
    const past = { key, since, uses: 0 };
    this.#pasts.set(sandbox, past);
    void sandbox.closed.then(() => {
      if (this.remove(sandbox)) this.#onClosed(sandbox);
    });
    return past;
  }

  #isOld(sandbox: Sandbox, now: number): boolean {
    return now - (this.#pasts.get(sandbox)?.since ?? now) >= this.#limits.age;
  }
}

/** Builds a key with the profile, because a sandbox serves its own profile alone. */
export function fullKey(profile: Profile, key: string): string {
  return `${profileKey(profile)} ${key}`;
}
