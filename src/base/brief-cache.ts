import { LRUCache } from "lru-cache";

/** Milliseconds for which this server may miss another server's change. */
const FRESH = 5_000;
const MAX_ENTRIES = 10_000;

/** The bound of a cache, in the unit that `sizeOf` counts. */
export interface BriefCacheSize<V> {
  readonly maxSize: number;
  /** Returns the size of an entry. The value is absent while it is being read. */
  readonly sizeOf: (value?: V) => number;
}

/** An entry, created again for each size. The library counts the same object only once. */
interface Entry<V> {
  readonly reading: Promise<V>;
}

/** Caches values read from the store for 5 seconds. Each change calls `forget()`. */
export class BriefCache<V> {
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #sizeOf: (value?: V) => number;

  /** Creates a cache. Default size: 10,000 entries. */
  constructor({ maxSize, sizeOf }: BriefCacheSize<V> = { maxSize: MAX_ENTRIES, sizeOf: () => 1 }) {
    this.#entries = new LRUCache({ maxSize, ttl: FRESH });
    this.#sizeOf = sizeOf;
  }

  /** Returns the cached value of `key`, or reads it. Failures are not cached. */
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

  /**
   * Forgets one entry. Call it after the store has the change, because a read in progress may
   * return the old value.
   */
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
