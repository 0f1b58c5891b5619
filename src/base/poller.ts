export interface PollerOptions {
  /** Looks for work once, and begins it. */
  readonly look: () => Promise<void>;
  /** Milliseconds between two looks that nobody asked for. */
  readonly every: number;
  /** Told of a look that failed. The next one comes with the next wake. */
  readonly onError: (error: unknown) => void;
}

/** Looks for work in intervals and when woken, one look at a time. Woken during a look, it looks again after it. */
export class Poller {
  readonly #options: PollerOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #stopped = true;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** Until it is started, and from when it is stopped. */
  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#stopped = false;
    this.#timer = setInterval(() => this.wake(), this.#options.every).unref();
    this.wake();
  }

  /** Looks now. */
  wake(): void {
    this.#again = true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Begins no more looks. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Resolves once no look is under way any more. */
  async close(): Promise<void> {
    this.stop();
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#options.look();
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
