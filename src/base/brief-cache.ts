import { LRUCache } from "lru-cache";

/** Milliseconds that another server's change may stay unknown to this one. */
const FRESH = 5_000;
const MAX_ENTRIES = 10_000;

/** What was read from the store within the last seconds. Who changes it has it forgotten. */
export class BriefCache<V> {
  readonly #read: (key: string) => Promise<V>;
  readonly #entries = new LRUCache<string, Promise<V>>({ max: MAX_ENTRIES, ttl: FRESH });

  constructor(read: (key: string) => Promise<V>) {
    this.#read = read;
  }

  get(key: string): Promise<V> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = this.#read(key);
    this.#entries.set(key, value);
    value.catch(() => {
      if (this.#entries.peek(key) === value) this.#entries.delete(key);
    });
    return value;
  }

  /** To be called once the store has the change: what is being read now may be from before. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
