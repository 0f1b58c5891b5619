import type { ReuseLimits } from "../../config/reuse-limits.ts";
import { type Profile, profileKey, type Sandbox } from "../contract/contract.ts";
import type { Shares } from "./shares.ts";

/** What a sandbox has been used for: one key, for good. */
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

/** Idle sandboxes that have run something and may run the same again. */
export class ReusableSandboxes {
  readonly #limits: ReuseLimits;
  readonly #onClosed: (sandbox: Sandbox) => void;
  readonly #pasts = new WeakMap<Sandbox, UsedFor>();
  /** The least recently used comes first. */
  #idle: Idle[] = [];

  /** `onClosed` is told of one that ends while it is in here, and is not any more then. */
  constructor(limits: ReuseLimits, onClosed: (sandbox: Sandbox) => void) {
    this.#limits = limits;
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#idle.length;
  }

  /** Takes the most recently used sandbox of a key and a profile. */
  take(profile: Profile, key: string): Sandbox | undefined {
    const own = fullKey(profile, key);
    const found = this.#idle.findLast((item) => item.key === own)?.sandbox;
    if (found !== undefined) this.remove(found);
    return found;
  }

  /** Takes a sandbox in that has just run a tenant's key. Returns those there is no place for. */
  put(sandbox: Sandbox, key: string, tenant: string): Sandbox[] {
    const { perKey, total, uses } = this.#limits;
    const now = Date.now();
    const own = fullKey(sandbox.profile, key);
    const past = this.#pasts.get(sandbox) ?? this.#begin(sandbox, own, now);
    past.uses += 1;
    if (past.key !== own || past.uses >= uses || this.#isOld(sandbox, now)) return [sandbox];
    this.#idle.push({ sandbox, key: own, tenant, since: now });
    const same = this.#idle.filter((item) => item.key === own);
    const one = same.length > perKey ? same[0] : this.size > total ? this.#first() : undefined;
    sandbox.idle?.();
    return one === undefined ? [] : [this.#take(one)];
  }

  /** False if it is not in here. */
  remove(sandbox: Sandbox): boolean {
    const before = this.size;
    this.#idle = this.#idle.filter((item) => item.sandbox !== sandbox);
    return this.size < before;
  }

  /**
   * Takes one that makes room for a tenant: its own, or one of a tenant that has more sandboxes than
   * it, idle or leased. Of those of who has the most, the least recently used.
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

  /** Takes those whose time is over. */
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

  /** The least recently used one of the tenant that has the most in here. */
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

/** The first of those whose tenant has the most. */
function mostOf(items: readonly Idle[], has: (tenant: string) => number): Idle | undefined {
  let most: Idle | undefined;
  for (const item of items) {
    if (most === undefined || has(item.tenant) > has(most.tenant)) most = item;
  }
  return most;
}

/** Whatever a key stands for, no sandbox runs in another profile than its own. */
function fullKey(profile: Profile, key: string): string {
  return `${profileKey(profile)} ${key}`;
}
