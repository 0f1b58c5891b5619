import { isSame } from "./base/primordials.ts";

/** The part of the runtime's core used here. */
export interface OwnersCore {
  readonly AsyncVariable: new () => {
    /** Sets the value for what follows, and for all that this starts. Returns the context before. */
    enter(value: object): unknown;
    get(): object | undefined;
  };
  setAsyncContext(context: unknown): void;
}

/**
 * Tells which run of a kept module has started the code that runs now. The runtime's context goes
 * with promises and timers, as that of an `AsyncLocalStorage` does.
 */
export class Owners {
  readonly #core: OwnersCore;
  readonly #variable: InstanceType<OwnersCore["AsyncVariable"]>;
  #thrown: { readonly error: unknown; readonly owner: object | undefined } | undefined;

  constructor(core: OwnersCore) {
    this.#core = core;
    this.#variable = new core.AsyncVariable();
  }

  /** Returns the owner of the code that runs, or `undefined` for code that belongs to all runs. */
  current(): object | undefined {
    return this.#variable.get();
  }

  within<T>(owner: object, call: () => T): T {
    const before = this.#variable.enter(owner);
    try {
      return call();
    } finally {
      this.#core.setAsyncContext(before);
    }
  }

  /** Wraps a callback, so that its owner is known when the runtime reports its error. */
  watched(callback: () => void): () => void {
    const owner = this.current();
    if (owner === undefined) return callback;
    return () => {
      try {
        callback();
      } catch (error) {
        this.#thrown = { error, owner };
        throw error;
      }
    };
  }

  /** Returns the owner of the callback that has thrown this error last. */
  ownerOf(error: unknown): object | undefined {
    const thrown = this.#thrown;
    this.#thrown = undefined;
    return thrown !== undefined && isSame(thrown.error, error) ? thrown.owner : undefined;
  }
}
