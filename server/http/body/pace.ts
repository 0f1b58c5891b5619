import { HttpProblem } from "../../errors/problem.ts";

/** Milliseconds within which a body must arrive. */
export interface PaceLimits {
  /** Time for its first byte, and for each `MIN_BYTES` after it. */
  readonly idle: number;
  /** Time for the whole body. */
  readonly total: number;
}

export const PACE: PaceLimits = { idle: 10_000, total: 120_000 };

/** Bytes that must arrive within `idle` milliseconds, unless fewer are left. */
const MIN_BYTES = 4_096;

/** Watches one body arrive. Calls `onLate` once if it is too slow. */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #onLate: (error: HttpProblem) => void;
  readonly #end: number;
  #timer: NodeJS.Timeout;
  /** Bytes since the timer was last set. */
  #bytes = 0;
  #begun = false;

  constructor(limits: PaceLimits, onLate: (error: HttpProblem) => void) {
    this.#limits = limits;
    this.#onLate = onLate;
    this.#end = performance.now() + limits.total;
    this.#timer = this.#wait();
  }

  /** Counts bytes that have arrived. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): NodeJS.Timeout {
    const left = Math.max(0, this.#end - performance.now());
    return setTimeout(() => this.#check(), Math.min(this.#limits.idle, left));
  }

  #check(): void {
    const { idle, total } = this.#limits;
    if (performance.now() >= this.#end) {
      this.#onLate(tooLate(`The body did not arrive within ${total} ms`));
    } else if (!this.#begun && this.#bytes === 0) {
      this.#onLate(tooLate(`No byte of the body arrived within ${idle} ms`));
    } else if (this.#begun && this.#bytes < MIN_BYTES) {
      this.#onLate(tooLate(`Less than ${MIN_BYTES} bytes of the body arrived within ${idle} ms`));
    } else {
      this.#begun = true;
      this.#bytes = 0;
      this.#timer = this.#wait();
    }
  }
}

function tooLate(message: string): HttpProblem {
  return new HttpProblem(408, "RequestTimeout", "BODY_TIMEOUT", message);
}
