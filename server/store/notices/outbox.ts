/** Milliseconds that a notice waits for others, because each transaction with one takes a lock of the database. */
const WAIT_MS = 10;
/** Most notices that wait, and most of one statement. */
const MOST = 1_000;

/** Collects notices of this server and sends them together, each once. */
export class Outbox {
  readonly #send: (texts: readonly string[]) => Promise<void>;
  readonly #waiting = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(send: (texts: readonly string[]) => Promise<void>) {
    this.#send = send;
  }

  /** Adds a notice. One that finds no room is lost, as a hint may be. */
  add(text: string): void {
    if (this.#waiting.size < MOST) this.#waiting.add(text);
    this.#timer ??= setTimeout(() => void this.#flush(), WAIT_MS).unref();
  }

  /** Sends what waits. */
  async close(): Promise<void> {
    await this.#sending;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // The one under way sends what has come meanwhile.
    if (this.#sending === undefined && this.#waiting.size > 0) {
      this.#sending = this.#sendAll().finally(() => {
        this.#sending = undefined;
      });
    }
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const texts = [...this.#waiting];
      this.#waiting.clear();
      // They are not sent again: by then, whoever misses them has read the store.
      await this.#send(texts).catch(() => {});
    }
  }
}
