import { type Profile, profileKey, type Sandbox } from "./engine.ts";
import type { ReuseLimits } from "./reuse.ts";

/** What a sandbox has been used for: one key, for good. */
interface Past {
  readonly key: string;
  readonly since: number;
  uses: number;
}

/** Idle sandboxes that have run something and may run the same again. */
export class Kept {
  readonly #limits: ReuseLimits;
  readonly #onClosed: (sandbox: Sandbox) => void;
  readonly #pasts = new WeakMap<Sandbox, Past>();
  /** The least recently used comes first. */
  #idle: { readonly sandbox: Sandbox; readonly key: string; readonly since: number }[] = [];

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

  /** Takes a sandbox in that has just run a key. Returns those there is no place for. */
  put(sandbox: Sandbox, key: string): Sandbox[] {
    const { perKey, total, uses } = this.#limits;
    const now = Date.now();
    const own = fullKey(sandbox.profile, key);
    const past = this.#pasts.get(sandbox) ?? this.#begin(sandbox, own, now);
    past.uses += 1;
    if (past.key !== own || past.uses >= uses || this.#isOld(sandbox, now)) return [sandbox];
    this.#idle.push({ sandbox, key: own, since: now });
    const gone: Sandbox[] = [];
    const same = this.#idle.filter((item) => item.key === own);
    if (same.length > perKey && same[0]) gone.push(same[0].sandbox);
    else if (this.size > total && this.#idle[0]) gone.push(this.#idle[0].sandbox);
    for (const each of gone) this.remove(each);
    return gone;
  }

  /** False if it is not in here. */
  remove(sandbox: Sandbox): boolean {
    const before = this.size;
    this.#idle = this.#idle.filter((item) => item.sandbox !== sandbox);
    return this.size < before;
  }

  takeOldest(): Sandbox | undefined {
    return this.#idle.shift()?.sandbox;
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

  #begin(sandbox: Sandbox, key: string, since: number): Past {
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

/** Whatever a key stands for, no sandbox runs in another profile than its own. */
function fullKey(profile: Profile, key: string): string {
  return `${profileKey(profile)} ${key}`;
}
