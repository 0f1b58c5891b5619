import { LRUCache } from "lru-cache";
import type { Keys } from "../../store/contract/keys.ts";

/** Least milliseconds between two noted uses of a key. */
const EVERY = 60_000;
/** Milliseconds for which uses are collected. */
const DELAY = 5_000;
/** Most keys whose last use is remembered here. Others are noted more often. */
const MAX_KEYS = 10_000;

/**
 * Notes when keys were used, many at a time, after their requests. A use that the store does not
 * take is lost, which does no harm.
 */
export class KeyUses {
  readonly #keys: Pick<Keys, "used">;
  readonly #noted = new LRUCache<string, number>({ max: MAX_KEYS });
  #waiting = new Map<string, Date>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keys: Pick<Keys, "used">) {
    this.#keys = keys;
  }

  /** Notes a use of a key. Never waits. */
  note(key: string): void {
    const now = Date.now();
    if (now - (this.#noted.get(key) ?? 0) < EVERY) return;
    this.#noted.set(key, now);
    this.#waiting.set(key, new Date(now));
    this.#timer ??= setTimeout(() => void this.flush(), DELAY).unref();
  }

  /** Writes what is noted. Resolves whether or not the store takes it. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const uses = [...this.#waiting].map(([key, at]) => ({ key, at }));
    this.#waiting = new Map();
    await this.#keys.used(uses).catch(() => {});
  }
}
