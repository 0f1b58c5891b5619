/** A function of the code. */
export type Entry = (...args: never[]) => unknown;

type Guard = (callback: Entry, args: readonly unknown[]) => void;

/** Provides the host's timers to one realm. They end with it, and their callbacks are guarded. */
export class RealmTimers {
  readonly #handles = new Set<NodeJS.Timeout | NodeJS.Immediate>();
  readonly #guard: Guard;
  #ended = false;

  /** `guard` calls each callback and handles its errors. */
  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** Returns the globals for user code. */
  globals(): Record<string, unknown> {
    const clear = (handle: unknown): void => {
      clearTimeout(handle as NodeJS.Timeout);
      clearImmediate(handle as NodeJS.Immediate);
      this.#handles.delete(handle as NodeJS.Timeout);
    };
    return {
      setTimeout: (callback: Entry, ms?: number, ...args: unknown[]) =>
        typeof callback === "function"
          ? this.#once((run) => setTimeout(run, ms), callback, args)
          : setTimeout(callback),
      setImmediate: (callback: Entry, ...args: unknown[]) =>
        this.#once((run) => setImmediate(run), callback, args),
      setInterval: (callback: Entry, ms?: number, ...args: unknown[]) =>
        this.#keep(setInterval(() => this.#guard(callback, args), ms)),
      queueMicrotask: (callback: Entry) => queueMicrotask(() => this.#guard(callback, [])),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    };
  }

  /** Stops all timers, including later ones, because their code has outlived its execution. */
  end(): void {
    this.#ended = true;
    for (const handle of this.#handles) stop(handle);
    this.#handles.clear();
  }

  #once<H extends NodeJS.Timeout | NodeJS.Immediate>(
    start: (run: () => void) => H,
    callback: Entry,
    args: unknown[],
  ): H {
    const handle = start(() => {
      this.#handles.delete(handle);
      this.#guard(callback, args);
    });
    return this.#keep(handle);
  }

  #keep<H extends NodeJS.Timeout | NodeJS.Immediate>(handle: H): H {
    if (this.#ended) stop(handle);
    else this.#handles.add(handle);
    return handle;
  }
}

function stop(handle: NodeJS.Timeout | NodeJS.Immediate): void {
  clearTimeout(handle as NodeJS.Timeout);
  clearImmediate(handle as NodeJS.Immediate);
}
