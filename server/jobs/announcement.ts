/** Least milliseconds between two notices. */
const EVERY_MS = 100;

/** Calls `send` at once, and further calls together a little later. A notice costs a lock in PostgreSQL. */
export class Announcement {
  readonly #send: () => void;
  #timer: NodeJS.Timeout | undefined;
  #again = false;

  constructor(send: () => void) {
    this.#send = send;
  }

  make(): void {
    if (this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.make();
    }, EVERY_MS).unref();
    this.#send();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
