/** Notices that nobody has been there for a while: at first, and after the last one has left. */
export class IdleTimer {
  readonly #ms: number;
  readonly #onAlone: () => void;
  #present = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onAlone` after `ms` milliseconds without anybody, once. */
  constructor(ms: number, onAlone: () => void) {
    this.#ms = ms;
    this.#onAlone = onAlone;
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
    this.#timer = setTimeout(this.#onAlone, this.#ms);
  }
}
