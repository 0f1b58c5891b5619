import { HostBusy } from "../src/errors.ts";

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
   * is always let in, however large it may be.
   */
  async hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#used > 0 && this.#used + bytes > this.#limit) {
      throw new HostBusy("Too many large requests are under way");
    }
    this.#used += bytes;
    try {
      return await work();
    } finally {
      this.#used -= bytes;
    }
  }
}
