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
  readonly #owners = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Sets `bytes` aside for the time of `work`. Throws `HostBusy` if they are not there. One body
   * is always let in, however large it may be. Nobody gets more than they leave for all others: bytes
   * are set aside before the first of them is there, and who sends none would keep everybody out. What `work` passes to `hold` is waited for as well, with
   * its result at hand already.
   */
  async hold<T>(
    bytes: number,
    work: (hold: Hold) => Promise<T>,
    /** Whose it is; absent for those who have all of it to themselves. */
    owner?: string,
  ): Promise<T> {
    const own = owner === undefined ? 0 : (this.#owners.get(owner) ?? 0);
    if (this.#used > 0 && this.#used + bytes + own > this.#limit) {
      throw new HostBusy("Too many large requests are under way");
    }
    this.#take(bytes, owner);
    let longer: Promise<unknown> | undefined;
    const release = (): void => this.#take(-bytes, owner);
    try {
      return await work((promise) => {
        longer = promise;
      });
    } finally {
      if (longer === undefined) release();
      else void longer.then(release, release);
    }
  }

  #take(bytes: number, owner: string | undefined): void {
    this.#used += bytes;
    if (owner === undefined) return;
    const own = (this.#owners.get(owner) ?? 0) + bytes;
    if (own === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, own);
  }
}
