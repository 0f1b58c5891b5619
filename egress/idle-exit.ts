/**
 * Detects that no client has been connected for a while, at the start or after the last one left.
 */
export class IdleTimer {
  readonly #ms: number;
  readonly #onIdle: () => void;
  #present = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onIdle` once, after `ms` milliseconds without a client. */
  constructor(ms: number, onIdle: () => void) {
    this.#ms = ms;
    this.#onIdle = onIdle;
    this.#wait();
  }

  enter(): void {
    this.#present += 1;
    this.close();
  }

  leave(): void {
    this.#present -= 1;
    if (this.#present === 0) this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(this.#onIdle, this.#ms);
  }
}
