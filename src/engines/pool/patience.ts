import type { Profile } from "../contract/contract.ts";
import { fullKey } from "./kept-sandboxes.ts";
import type { Turnover } from "./turnover.ts";
import type { InTime } from "./waiters.ts";

/** Milliseconds that a request waits for a sandbox of its key while an unused one is warm. */
const PATIENCE = 10;
/** Part of a start's time for which it waits at least, because that is long on a busy host. */
const OF_START = 0.05;

/** Decides which requests wait for a sandbox of their key, and which get an unused one. */
export class Patience {
  readonly #turnover: Turnover;
  readonly #most: number;

  /** `most` is the number of sandboxes that can be kept. If none can, nobody waits for one of a key. */
  constructor(turnover: Turnover, most: number) {
    this.#turnover = turnover;
    this.#most = most;
  }

  /**
   * Returns what tells whether the sandboxes of a key serve a number of waiters soon enough, although
   * an unused one is warm. The start of its successor takes processor time from all others. One that
   * could not be kept afterwards would be thrown away for one use.
   */
  soon(profile: Profile, start: number): InTime {
    if (this.#most === 0) return never;
    const patience = Math.max(PATIENCE, OF_START * start);
    return (given, position) => {
      const key = fullKey(profile, given);
      const canKeep = this.#turnover.leased(key) < this.#most;
      return this.#turnover.shortWait(key, position) <= (canKeep ? patience : start);
    };
  }

  /** Returns what tells whether the sandboxes of a key serve a number of waiters before a start does. */
  beforeStart(profile: Profile, start: number): InTime {
    if (this.#most === 0) return never;
    return (key, position) => this.#turnover.wait(fullKey(profile, key), position) <= start;
  }
}

function never(): boolean {
  return false;
}
