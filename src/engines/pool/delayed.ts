/** Work that is done a while after it is asked for, once for all who ask meanwhile. */
export class Delayed {
  readonly #work: () => void;
  readonly #after: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(work: () => void, after: number) {
    this.#work = work;
    this.#after = after;
  }

  ask(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#work();
    }, this.#after).unref();
  }
}
