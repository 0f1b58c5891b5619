import { HostBusy } from "../../../src/base/errors.ts";

/** Keeps a body in memory until a promise settles, although its answer does not wait for that. */
export type Hold = (promise: Promise<unknown>) => void;

/** Part of a budget that one body uses. */
export interface BodyShare {
  /**
   * Counts bytes that have arrived.
   *
   * @throws {HostBusy} If there is no room for them.
   */
  add(bytes: number): void;
  /** Keeps the bytes counted until `promise` settles, even if the work ends before. */
  readonly hold: Hold;
}

/**
 * Limits the bytes of all request bodies in memory at once. A body stays in memory while its
 * execution waits for a sandbox. So a queue of large ones could exhaust the memory. Bytes count
 * when they arrive; announced bytes reserve nothing.
 */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;
  readonly #owners = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Runs `work` with a share that counts a body's bytes, and releases all of them afterwards. One
   * body is always accepted, whatever its size. An owner may hold at most as many bytes as it
   * leaves free for the others.
   */
  async share<T>(
    work: (share: BodyShare) => Promise<T>,
    /** Owner of the body; absent for an owner that may use the whole budget. */
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
        longer = longer === undefined ? promise : Promise.allSettled([longer, promise]);
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
