import { LRUCache } from "lru-cache";
import { DeadlineError, deadline } from "./deadline.ts";

/** Milliseconds for which this server may miss another server's change. */
export const FRESH = 5_000;
/** Milliseconds for which a value is used beyond that while the store is away. */
const STALE = 60_000;
/** Milliseconds that a reader waits for a store that may be away, if there is an older value. */
const PATIENCE = 1_000;
/** Milliseconds until a store that was away is asked for a value again. */
const RETRY = 1_000;
const MAX_ENTRIES = 10_000;

/** The bound of a cache, in the unit that `sizeOf` counts. */
export interface BriefCacheSize<V> {
  readonly maxSize: number;
  /** Returns the size of an entry. The value is absent while it is being read. */
  readonly sizeOf: (value?: V) => number;
}

/** Rules for how long values are used. */
export interface CacheRules {
  /** Milliseconds for which a value that is read now is used without being read again. */
  readonly fresh: number;
  /** Tests whether a failure only means that the store is away. */
  isAway(error: unknown): boolean;
}

/** A value that was read before, for as long as the store may be away. */
interface Earlier<V> {
  readonly value: V;
  readonly until: number;
}

/** An entry, created again for each size. The library counts the same object only once. */
interface Entry<V> {
  readonly reading: Promise<V>;
  /** Time until which it is used without being read again. */
  readonly until: number;
  readonly earlier: Earlier<V> | undefined;
}

const RULES: CacheRules = { fresh: FRESH, isAway: () => false };

/**
 * Caches values read from the store for some seconds. Each change calls `forget()`. While the store
 * is away, the last value is used for a minute more. Only values are, and never that there was none.
 */
export class BriefCache<V> {
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #sizeOf: (value?: V) => number;
  readonly #rules: CacheRules;

  /** Creates a cache. Default size: 10,000 entries. Default rules: 5 seconds, and none older. */
  constructor(
    { maxSize, sizeOf }: BriefCacheSize<V> = { maxSize: MAX_ENTRIES, sizeOf: () => 1 },
    rules: CacheRules = RULES,
  ) {
    this.#entries = new LRUCache({ maxSize });
    this.#sizeOf = sizeOf;
    this.#rules = rules;
  }

  /** Returns the cached value of `key`, or reads it. Failures are not cached. */
  get(key: string, read: () => Promise<V>): Promise<V> {
    const known = this.#entries.get(key);
    const now = performance.now();
    if (known !== undefined && now < known.until) return known.reading;
    const earlier = known?.earlier;
    return this.#read(key, read, earlier && now < earlier.until ? earlier : undefined);
  }

  /** Returns the value of `key` if it is cached, or is being read. */
  peek(key: string): Promise<V> | undefined {
    return this.#entries.peek(key)?.reading;
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
    this.forgetWhere((key) => key.startsWith(prefix));
  }

  forgetWhere(applies: (key: string) => boolean): void {
    for (const key of this.#entries.keys()) if (applies(key)) this.#entries.delete(key);
  }

  /** Reads each value again before it is used, unless the store is away. */
  expire(): void {
    const last = performance.now() + STALE;
    for (const [key, { reading, earlier }] of [...this.#entries.entries()]) {
      this.#entries.delete(key);
      if (earlier === undefined) continue;
      const kept = { value: earlier.value, until: Math.min(earlier.until, last) };
      this.#set(key, { reading, until: 0, earlier: kept }, earlier.value);
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  #set(key: string, entry: Entry<V>, value?: V): Entry<V> {
    this.#entries.set(key, entry, { size: this.#sizeOf(value) });
    return entry;
  }

  #read(key: string, read: () => Promise<V>, earlier: Earlier<V> | undefined): Promise<V> {
    const { fresh } = this.#rules;
    const until = performance.now() + fresh;
    const asked = read();
    const reading = earlier === undefined ? asked : this.#orEarlier(asked, earlier.value);
    const usable = earlier === undefined ? until : Math.min(until, earlier.until);
    let entry = this.#set(key, { reading, until: usable, earlier }, earlier?.value);
    const isHere = (): boolean => this.#entries.peek(key) === entry;
    asked.then(
      (value) => {
        if (!isHere()) return;
        const kept = value === undefined ? undefined : { value, until: until + STALE };
        entry = this.#set(key, { reading: asked, until, earlier: kept }, value);
      },
      (error) => {
        if (!isHere()) return;
        if (earlier === undefined || !this.#rules.isAway(error)) this.#entries.delete(key);
        else {
          const again = Math.min(performance.now() + RETRY, earlier.until);
          entry = this.#set(key, { reading, until: again, earlier }, earlier.value);
        }
      },
    );
    return reading;
  }

  /** Takes the earlier value if the store is away, or does not answer in time. */
  async #orEarlier(asked: Promise<V>, earlier: V): Promise<V> {
    try {
      return await deadline(asked, PATIENCE, "The store");
    } catch (error) {
      if (error instanceof DeadlineError || this.#rules.isAway(error)) return earlier;
      throw error;
    }
  }
}
