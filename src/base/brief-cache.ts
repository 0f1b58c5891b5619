import { LRUCache } from "lru-cache";

/** Milliseconds that another server's change may stay unknown to this one. */
const FRESH = 5_000;
const MAX_ENTRIES = 10_000;

/** The bound of a cache, in the unit that `sizeOf` counts. */
export interface BriefCacheSize<V> {
  readonly maxSize: number;
  /** Returns the size of an entry. It has no value while it is being read. */
  readonly sizeOf: (value?: V) => number;
}

/** An entry, made anew for each size: the library counts an object that is already there only once. */
interface Entry<V> {
  readonly reading: Promise<V>;
}

/** Keeps what was read from the store for a few seconds. A change calls `forget()`. */
export class BriefCache<V> {
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #sizeOf: (value?: V) => number;

  /** Default: 10,000 entries. */
  constructor({ maxSize, sizeOf }: BriefCacheSize<V> = { maxSize: MAX_ENTRIES, sizeOf: () => 1 }) {
    this.#entries = new LRUCache({ maxSize, ttl: FRESH });
    this.#sizeOf = sizeOf;
  }

  /** Returns the kept value of `key`, or reads it. Keeps no failure. */
  get(key: string, read: () => Promise<V>): Promise<V> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known.reading;
    const reading = read();
    this.#entries.set(key, { reading }, { size: this.#sizeOf() });
    const isHere = (): boolean => this.#entries.peek(key)?.reading === reading;
    reading.then(
      (value) => {
        const size = this.#sizeOf(value);
        if (isHere()) this.#entries.set(key, { reading }, { size, noUpdateTTL: true });
      },
      () => {
        if (isHere()) this.#entries.delete(key);
      },
    );
    return reading;
  }

  /** Forgets one entry, once the store has its change: a read that is under way may be older. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** Forgets all entries whose keys have this prefix. */
  forgetBelow(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
