export interface PollerOptions {
  /** Looks for work once and starts it. */
  readonly look: () => Promise<void>;
  /** Milliseconds between two looks without a wake. */
  readonly every: number;
  /** Tells whether to look when the interval is over. Default: always. */
  readonly isDue?: () => boolean;
  /** Receives the error of a look that failed. The next look follows the next wake. */
  readonly onError: (error: unknown) => void;
}

/**
 * Looks for work in intervals and when woken, one look at a time. A wake during a look causes one
 * more look.
 */
export class Poller {
  readonly #options: PollerOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #stopped = true;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** True until `start()`, and again after `stop()`. */
  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#stopped = false;
    const { every, isDue = () => true } = this.#options;
    this.#timer = setInterval(() => isDue() && this.wake(), every).unref();
    this.wake();
  }

  /** Looks now. */
  wake(): void {
    this.#again = true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      // Takes a wake that came behind the last look, before its promise was settled.
      if (this.#again && !this.#stopped) this.wake();
    });
  }

  /** Starts no more looks. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Stops, and resolves when the look in progress has ended. */
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
      this.#again = false;
      this.#options.onError(error);
    }
  }
}
