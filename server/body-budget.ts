import { HostBusy } from "../src/errors.ts";

/** Holds a body for as long as something goes on that its answer does not wait for. */
export type Hold = (promise: Promise<unknown>) => void;

/**
 * Bounds the bytes of all request bodies in hand at once. A body stays in memory as long as its
 * execution waits for a sandbox, and a queue of large ones would be the server's end.
 */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Sets `bytes` aside for the time of `work`. Throws `HostBusy` if they are not there. One body
   * is always let in, however large it may be. What `work` passes to `hold` is waited for as well, with
   * its result at hand already.
   */
  async hold<T>(bytes: number, work: (hold: Hold) => Promise<T>): Promise<T> {
    if (this.#used > 0 && this.#used + bytes > this.#limit) {
      throw new HostBusy("Too many large requests are under way");
    }
    this.#used += bytes;
    let longer: Promise<unknown> | undefined;
    const release = (): void => {
      this.#used -= bytes;
    };
    try {
      return await work((promise) => {
        longer = promise;
      });
    } finally {
      if (longer === undefined) release();
      else void longer.then(release, release);
    }
  }
}
