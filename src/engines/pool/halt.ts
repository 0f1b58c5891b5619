import type { IsolateError } from "../../base/errors.ts";

/** Time in which a pool hands nothing out, and the reason. */
export class Halt {
  #reason: IsolateError | undefined;
  #since = performance.now();

  constructor(reason?: IsolateError) {
    this.#reason = reason;
  }

  /** Reason why nothing is handed out at present. */
  get reason(): IsolateError | undefined {
    return this.#reason;
  }

  /** Milliseconds since it began: 0 if nothing is halted, and endless if waiting is in vain. */
  get age(): number {
    return this.#reason === undefined ? 0 : performance.now() - this.#since;
  }

  begin(reason: IsolateError, inVain: boolean): void {
    if (this.#reason === undefined) this.#since = performance.now();
    if (inVain) this.#since = Number.NEGATIVE_INFINITY;
    this.#reason = reason;
  }

  end(): void {
    this.#reason = undefined;
  }
}
