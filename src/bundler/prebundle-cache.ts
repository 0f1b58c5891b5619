import { LRUCache } from "lru-cache";

/**
 * Cache of bundled packages. Keys are texts of hexadecimal digits. Tenants share it: its content is
 * made of packages alone.
 */
export interface PrebundleCache {
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  set(key: string, bytes: Uint8Array): Promise<void> | void;
}

/** Cache in memory of at most so many bytes. The longest unused go first. */
export class MemoryPrebundleCache implements PrebundleCache {
  readonly #kept: LRUCache<string, Uint8Array>;

  constructor(bytes = 67_108_864) {
    this.#kept = new LRUCache({ maxSize: bytes, sizeCalculation: (each) => each.length + 1 });
  }

  get(key: string): Uint8Array | undefined {
    return this.#kept.get(key);
  }

  set(key: string, bytes: Uint8Array): void {
    this.#kept.set(key, bytes);
  }
}
