import { mostOf } from "./most-of.ts";
import { EXPECTED_AGAIN } from "./shares.ts";

interface Given {
  readonly key: string;
  readonly tenant: string;
  readonly at: number;
  /** True if it was given before, too. */
  readonly again: boolean;
}

/**
 * Remembers which grants tenants were given lately, because most requests ask for what earlier ones
 * did. It holds a fixed number. A new grant takes the place of one of the tenant with the most.
 */
export class RecentGrants {
  readonly #most: number;
  /** Grants by key, the least recently given first. */
  readonly #given = new Map<string, Given>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#given.size;
  }

  /** Lists the keys, the most recently given first. */
  keys(): string[] {
    return [...this.#given.keys()].reverse();
  }

  /** Records a grant of a tenant. Returns the key of the grant that leaves for it, if any. */
  note(key: string, tenant: string): string | undefined {
    const again = this.#given.delete(key);
    this.#given.set(key, { key, tenant, at: Date.now(), again });
    if (this.size <= this.#most) return undefined;
    const all = [...this.#given.values()];
    const has = (each: string): number => all.filter(({ tenant }) => tenant === each).length;
    const leaving = mostOf(all, has)?.key;
    if (leaving !== undefined) this.forget(leaving);
    return leaving;
  }

  /** Tells whether a grant was given more than once. */
  isRepeated(key: string): boolean {
    return this.#given.get(key)?.again ?? false;
  }

  forget(key: string): void {
    this.#given.delete(key);
  }

  /** Forgets and returns the keys of grants that were not given lately. */
  takeExpired(): string[] {
    const now = Date.now();
    const expired = [...this.#given.values()].filter(({ at }) => now - at > EXPECTED_AGAIN);
    for (const { key } of expired) this.forget(key);
    return expired.map(({ key }) => key);
  }

  clear(): void {
    this.#given.clear();
  }
}
