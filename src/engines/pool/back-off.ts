const FIRST_PAUSE = 100;
const LAST_PAUSE = 5_000;
/** Milliseconds for which starts may fail before a waiter is told: an engine may be restarting. */
const TOLD_AFTER = 1_000;

/** Pauses between starts that fail, each twice as long as the one before. */
export class BackOff {
  /** Called with the error of each start that fails while the engine is there. */
  readonly onFailed = new Set<(error: unknown) => void>();
  #failures = 0;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  /** True while nothing is to be started. */
  get pausing(): boolean {
    return this.#timer !== undefined;
  }

  /** Notes a failed start. Returns true if starts have failed for so long that waiters are told. */
  fail(error: unknown): boolean {
    for (const listener of this.onFailed) listener(error);
    if (this.#failures === 0) this.#since = Date.now();
    return Date.now() - this.#since >= TOLD_AFTER;
  }

  /** Begins a pause and calls `then` after it. No-op within a pause. */
  pause(then: () => void): void {
    if (this.pausing) return;
    const delay = Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      then();
    }, delay);
    this.#timer.unref();
  }

  /** Ends a pause without calling anything. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Forgets the failures, because a start has succeeded or the engine is back. */
  reset(): void {
    this.#failures = 0;
  }
}
