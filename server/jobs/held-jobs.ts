/** Most milliseconds before the end of its claim at which a job is ended here. */
const MARGIN_MS = 2_000;
/** Share of the lease that is the margin, if the lease is short. */
const MARGIN_SHARE = 0.2;
/** Milliseconds for which a job that was ended here may still be held by this host in the store. */
const LOST_FOR = 600_000;

interface Held {
  readonly abort: AbortController;
  readonly over: Promise<void>;
  /** End of the claim, by this host's monotonic clock. */
  until: number;
  /** True once its code has ended, so that it is to be kept for its answer alone. */
  isAnswered: boolean;
  /** Timer that ends the job, unless its claim is renewed. */
  fence: NodeJS.Timeout | undefined;
}

/**
 * Jobs that this host holds, until their results are written. It ends a job whose claim is not
 * renewed in time, before the store gives the job to another host. So no two hosts run it at the same
 * time, even if this one is cut off from the store.
 */
export class HeldJobs {
  readonly #lease: number;
  readonly #margin: number;
  readonly #jobs = new Map<string, Held>();
  /** Jobs that were ended for want of a renewal → the time of that. */
  readonly #lost = new Map<string, number>();

  constructor(lease: number) {
    this.#lease = lease;
    this.#margin = Math.min(MARGIN_MS, lease * MARGIN_SHARE);
  }

  get size(): number {
    return this.#jobs.size;
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  ids(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Returns the ids whose claims are not to be undone: these jobs have begun. */
  begun(): string[] {
    return [...this.#jobs.keys(), ...this.#lost.keys()];
  }

  /** Tests whether a claim that was asked for at that time leaves enough time to begin. */
  isFresh(askedAt: number): boolean {
    return performance.now() < askedAt + this.#lease - this.#margin;
  }

  /**
   * Holds a job, by a claim that was asked for at `askedAt`. The store counts the lease from a later
   * time than that, so the claim ends later there than here.
   */
  add(id: string, askedAt: number, run: (signal: AbortSignal) => Promise<void>): void {
    const abort = new AbortController();
    const over = run(abort.signal).finally(() => {
      clearTimeout(held.fence);
      this.#jobs.delete(id);
    });
    const until = askedAt + this.#lease;
    const held: Held = { abort, over, until, isAnswered: false, fence: undefined };
    this.#jobs.set(id, held);
    this.#lost.delete(id);
    this.#watch(id, held);
  }

  /** Records that claims were renewed, as asked for at `askedAt`. */
  renewed(ids: Iterable<string>, askedAt: number): void {
    for (const id of ids) {
      const held = this.#jobs.get(id);
      if (held) held.until = Math.max(held.until, askedAt + this.#lease);
    }
  }

  /** Records that a job's code has ended. */
  answered(id: string): void {
    const held = this.#jobs.get(id);
    if (held === undefined) return;
    held.isAnswered = true;
    clearTimeout(held.fence);
  }

  abort(id: string): void {
    this.#jobs.get(id)?.abort.abort();
  }

  /** Tests whether a job was ended here for want of a renewal. It runs again. */
  isLost(id: string): boolean {
    return this.#lost.has(id);
  }

  /** Resolves once no job is held. */
  async over(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map(({ over }) => over));
  }

  #watch(id: string, held: Held): void {
    const left = held.until - this.#margin - performance.now();
    held.fence = setTimeout(
      () => {
        if (held.isAnswered) return;
        if (performance.now() < held.until - this.#margin) return this.#watch(id, held);
        this.#lose(id);
        held.abort.abort();
      },
      Math.max(0, left),
    ).unref();
  }

  #lose(id: string): void {
    const now = performance.now();
    for (const [other, at] of this.#lost) if (now - at > LOST_FOR) this.#lost.delete(other);
    this.#lost.set(id, now);
  }
}
