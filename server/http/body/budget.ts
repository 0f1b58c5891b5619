import { HostBusy } from "../../../src/base/errors.ts";

/** Holds a body for as long as something goes on that its answer does not wait for. */
export type Hold = (promise: Promise<unknown>) => void;

/** What one body takes of a budget. */
export interface BodyShare {
  /** Counts bytes that have arrived. Throws `HostBusy` if there is no room for them. */
  add(bytes: number): void;
  /** Keeps the bytes counted until `promise` settles, even if the work is over before. */
  readonly hold: Hold;
}

/**
 * Bounds the bytes of all request bodies in memory at once. A body stays there as long as its
 * execution waits for a sandbox, and a queue of large ones would be the server's end. Bytes count from
 * when they arrive: what is only announced takes nothing.
 */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;
  readonly #owners = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Does `work` with a share that it counts a body's bytes in, and gives all of them back once it is over.
   * One body is always let in, however large it may be. Nobody gets more than they leave for all others.
   */
  async share<T>(
    work: (share: BodyShare) => Promise<T>,
    /** Whose it is; absent for those who have all of it to themselves. */
    owner?: string,
  ): Promise<T> {
    let taken = 0;
    let longer: Promise<unknown> | undefined;
    const release = (): void => this.#take(-taken, owner);
    const share: BodyShare = {
      add: (bytes) => {
        this.#assertRoom(bytes, taken, owner);
        this.#take(bytes, owner);
        taken += bytes;
      },
      hold: (promise) => {
        longer = promise;
      },
    };
    try {
      return await work(share);
    } finally {
      if (longer === undefined) release();
      else void longer.then(release, release);
    }
  }

  #assertRoom(bytes: number, taken: number, owner: string | undefined): void {
    const others = this.#used - taken;
    const own = owner === undefined ? 0 : (this.#owners.get(owner) ?? 0) - taken;
    if (others > 0 && this.#used + bytes + own > this.#limit) {
      throw new HostBusy("Too many large requests are under way");
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
