import { NativePromise } from "./base/primordials.ts";

/** Argument by which a handler announces work that goes on after its response. */
export interface HandlerContext {
  readonly waitUntil: (work: unknown) => void;
  readonly passThroughOnException: () => void;
}

/** Work that goes on after a response. */
export class Background {
  readonly context: HandlerContext;
  #pending = 0;
  #finishing = false;
  #failed: { readonly thrown: unknown } | undefined;
  #wake = (): void => {};

  constructor() {
    this.context = {
      waitUntil: (work) => {
        this.#pending += 1;
        void this.#follow(work);
      },
      passThroughOnException: () => {},
    };
  }

  /** True if announced work goes on, or has failed. */
  get isPending(): boolean {
    return (this.#pending > 0 && !this.#finishing) || this.#failed !== undefined;
  }

  /** Resolves when all announced work has ended, or at `finish()`. Rejects if a part has failed. */
  async ended(): Promise<void> {
    while (this.#pending > 0 && !this.#finishing) {
      await new NativePromise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failed !== undefined) throw this.#failed.thrown;
  }

  finish(): void {
    this.#finishing = true;
    this.#wake();
  }

  async #follow(work: unknown): Promise<void> {
    try {
      await work;
    } catch (thrown) {
      this.#failed ??= { thrown };
    }
    this.#pending -= 1;
    this.#wake();
  }
}
