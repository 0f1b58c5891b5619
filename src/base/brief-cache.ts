import { LRUCache } from "lru-cache";

/** Milliseconds that another server's change may stay unknown to this one. */
const FRESH = 5_000;
const MAX_ENTRIES = 10_000;

/** How much is kept at hand, in whatever `sizeOf` counts. */
export interface BriefCacheSize<V> {
  readonly maxSize: number;
  /** Size of an entry: without a value, of one that is being read. */
  readonly sizeOf: (value?: V) => number;
}

/** An object of its own for each size it has: the cache counts anew only what is not the same. */
interface Entry<V> {
  readonly reading: Promise<V>;
}

/** What was read from the store within the last seconds. Who changes it has it forgotten. */
export class BriefCache<V> {
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #sizeOf: (value?: V) => number;

  /** Default: 10,000 entries. */
  constructor({ maxSize, sizeOf }: BriefCacheSize<V> = { maxSize: MAX_ENTRIES, sizeOf: () => 1 }) {
    this.#entries = new LRUCache({ maxSize, ttl: FRESH });
    this.#sizeOf = sizeOf;
  }

  /** What is known of `key`, or what `read` resolves with. A failure is kept by nobody. */
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

  /** To be called once the store has the change: what is being read now may be from before. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** Forgets all whose keys begin so. */
  forgetBelow(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
