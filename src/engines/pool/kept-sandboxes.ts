import type { ReuseLimits } from "../../config/reuse-limits.ts";
import { type Profile, profileKey, type Sandbox } from "../contract/contract.ts";
import { mostOf } from "./most-of.ts";
import type { Shares } from "./shares.ts";

/** Use of a sandbox: its one key, which never changes. */
interface UsedFor {
  readonly key: string;
  readonly since: number;
  uses: number;
}

interface Idle {
  readonly sandbox: Sandbox;
  readonly key: string;
  readonly tenant: string;
  readonly since: number;
}

/** Keeps idle sandboxes that have run a key and may run it again. */
export class KeptSandboxes {
  readonly #limits: ReuseLimits;
  readonly #onClosed: (sandbox: Sandbox) => void;
  readonly #pasts = new WeakMap<Sandbox, UsedFor>();
  /** Idle sandboxes, the least recently used first. */
  #idle: Idle[] = [];

  /** `onClosed` is called when an idle sandbox ends. It has been removed by then. */
  constructor(limits: ReuseLimits, onClosed: (sandbox: Sandbox) => void) {
    this.#limits = limits;
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
   * Adds a sandbox that has just run a tenant's key. One that was `renewed` has no code of it left. It
   * is not watched, and the number for a key does not count. Returns the sandboxes for which there is
   * no place.
   */
  put(sandbox: Sandbox, key: string, tenant: string, renewed = false): Sandbox[] {
    const { total, uses } = this.#limits;
    const perKey = renewed ? total : this.#limits.perKey;
    const now = Date.now();
    const own = fullKey(sandbox.profile, key);
    const past = this.#pasts.get(sandbox) ?? this.#begin(sandbox, own, now);
    past.uses += 1;
    if (past.key !== own || past.uses >= uses || this.#isOld(sandbox, now)) return [sandbox];
    this.#idle.push({ sandbox, key: own, tenant, since: now });
    const same = this.#idle.filter((item) => item.key === own);
    const one = same.length > perKey ? same[0] : this.size > total ? this.#first() : undefined;
    if (!renewed) sandbox.idle?.();
    return one === undefined ? [] : [this.#take(one)];
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
function fullKey(profile: Profile, key: string): string {
  return `${profileKey(profile)} ${key}`;
}
