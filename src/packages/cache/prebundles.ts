import { MemoryPrebundleCache, type PrebundleCache } from "../../bundler/prebundle-cache.ts";
import type { DiskCache } from "./disk-cache.ts";

/** Number at the end of these files' names. Archives have another one. */
const FORM = 1_000;

/** Receives our own failures, with `read` or `written`. */
type Failed = (what: "read" | "written", error: unknown) => void;

/**
 * Bundled packages in memory and on disk, beside the archives and bounded together with them. A server that starts
 * again finds them.
 */
export class DiskPrebundleCache implements PrebundleCache {
  readonly #memory = new MemoryPrebundleCache();
  readonly #disk: DiskCache;
  readonly #failed: Failed;
  readonly #writing = new Set<Promise<void>>();

  constructor(disk: DiskCache, failed: Failed) {
    this.#disk = disk;
    this.#failed = failed;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const known = this.#memory.get(key);
    if (known !== undefined) return known;
    try {
      const found = await this.#disk.get(nameOf(key));
      if (found !== undefined) this.#memory.set(key, found);
      return found;
    } catch (error) {
      this.#failed("read", error);
      return undefined;
    }
  }

  /** Keeps the bytes. Nobody waits for the disk. */
  set(key: string, bytes: Uint8Array): void {
    this.#memory.set(key, bytes);
    const writing = this.#disk
      .put(nameOf(key), bytes)
      .catch((error: unknown) => this.#failed("written", error))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }
}

function nameOf(key: string): string {
  return `${key}-${FORM}`;
}
