import { LRUCache } from "lru-cache";

/** Bytes of an entry besides its texts. */
const ENTRY = 1_024;

export interface MemoryCacheOptions {
  /** Most bytes of all values, as their JSON in UTF-16 would have. */
  readonly bytes: number;
  /** Milliseconds that a value is good for. Default: any time. */
  readonly ttl?: number;
}

/**
 * Makes a cache of values that are JSON. It counts bytes, because a number of values bounds nothing: one request of
 * a tenant leads to a thousand packages.
 */
export function memoryCache<V extends object>({ bytes, ttl = 0 }: MemoryCacheOptions) {
  return new LRUCache<string, V>({
    maxSize: bytes,
    ttl,
    sizeCalculation: (value, key) => ENTRY + 2 * (key.length + JSON.stringify(value).length),
  });
}
