import timers from "node:timers";
import promises from "node:timers/promises";
import { promisify } from "node:util";
import type { Work } from "../../protocol/work.ts";

/** A function of the code. */
export type Entry = (...args: never[]) => unknown;

type Guard = (callback: Entry, args: readonly unknown[]) => void;
type Handle = NodeJS.Timeout | NodeJS.Immediate;
type Functions = Record<string, unknown>;
type Promised = (...args: never[]) => Promise<unknown>;

/** Fields of Node's handles that its types lack. */
interface Inner {
  readonly _destroyed: boolean;
  /** Milliseconds of an interval. */
  readonly _repeat?: number | null;
}

const { queueMicrotask } = globalThis;

/** Handles in the list from which on ended ones are taken out. */
const FIRST_SWEEP = 1_024;

/** Provides the host's timers to one realm. They end with it, and their callbacks are guarded. */
export class RealmTimers implements Work {
  readonly #guard: Guard;
  /** Handles that may still fire, and some that have ended. */
  readonly #handles = new Set<Handle>();
  /** Handles of earlier runs. */
  readonly #forgotten = new WeakSet<Handle>();
  #sweepAt = FIRST_SWEEP;
  /** Promises of the present run that wait for a timer. */
  #promised = 0;
  #run = 0;
  #ended = false;

  /** `guard` calls each callback and handles its errors. */
  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** Returns the globals for user code, and `nextTick` of `process`. */
  globals(): Functions {
    const { clearTimeout, clearInterval, clearImmediate } = timers;
    const start =
      <H extends Handle>(by: (run: () => void, ms?: number) => H) =>
      (callback: Entry, ms?: number, ...args: unknown[]): H =>
        this.#keep(
          by(
            checked(callback, () => this.#guard(callback, args)),
            ms,
          ),
        );
    const setTimeout = start(timers.setTimeout);
    const setImmediate = (callback: Entry, ...args: unknown[]): Handle =>
      this.#keep(timers.setImmediate(checked(callback, () => this.#guard(callback, args))));
    Object.defineProperty(setTimeout, promisify.custom, this.#promisified(promises.setTimeout));
    Object.defineProperty(setImmediate, promisify.custom, this.#promisified(promises.setImmediate));
    const functions: Functions = {
      setTimeout,
      setImmediate,
      setInterval: start(timers.setInterval),
      queueMicrotask: (callback: Entry) => queueMicrotask(() => this.#guard(callback, [])),
      nextTick: (callback: Entry, ...args: unknown[]) =>
        process.nextTick(checked(callback, () => this.#guard(callback, args))),
      // Either function stops both kinds of timers, by the object or its number.
      clearTimeout: (id: never) => clearTimeout(id),
      clearInterval: (id: never) => clearInterval(id),
      clearImmediate: (id: never) => clearImmediate(id),
    };
    for (const [name, value] of Object.entries(functions)) {
      Object.defineProperty(value, "name", { value: name });
    }
    return functions;
  }

  /**
   * Returns the modules of timers for imports. Node's own ones would call back outside of the guard,
   * so that an error would end this process.
   *
   * @param globals The functions of `globals()`.
   */
  modules(globals: Functions): Record<string, Functions> {
    const { queueMicrotask: _, nextTick: __, ...functions } = globals;
    const promised: Functions = {
      ...promises,
      setTimeout: this.#counted(promises.setTimeout),
      setImmediate: this.#counted(promises.setImmediate),
    };
    const all: Functions = { ...functions, promises: promised };
    return {
      timers: { ...all, default: all },
      "timers/promises": { ...promised, default: promised },
    };
  }

  oneShots(): boolean {
    return this.#promised > 0 || this.#has((handle) => handle._repeat === null);
  }

  intervals(): boolean {
    return this.#has(({ _repeat }) => typeof _repeat === "number");
  }

  others(): boolean {
    return this.#has(({ _repeat }) => _repeat === undefined);
  }

  forget(): void {
    for (const handle of this.#handles) this.#forgotten.add(handle);
    this.#promised = 0;
    this.#run += 1;
  }

  later(callback: () => void, ms: number): void {
    timers.setTimeout(callback, ms);
  }

  /** Stops all timers, including later ones, because their code has outlived its execution. */
  end(): void {
    this.#ended = true;
    for (const handle of this.#handles) stop(handle);
    this.#handles.clear();
  }

  #has(kind: (handle: Inner) => boolean): boolean {
    for (const handle of this.#handles) {
      if (isOver(handle)) this.#handles.delete(handle);
      else if (handle.hasRef() && !this.#forgotten.has(handle) && kind(inner(handle))) return true;
    }
    return false;
  }

  #keep<H extends Handle>(handle: H): H {
    if (this.#ended) {
      stop(handle);
      return handle;
    }
    this.#handles.add(handle);
    if (this.#handles.size >= this.#sweepAt) {
      for (const one of this.#handles) if (isOver(one)) this.#handles.delete(one);
      this.#sweepAt = this.#handles.size * 2 + FIRST_SWEEP;
    }
    return handle;
  }

  /** Describes the property by which `promisify()` finds the function that returns a promise. */
  #promisified(start: Promised): PropertyDescriptor {
    return { value: this.#counted(start) };
  }

  /** Counts the promises of `start` while they wait. */
  #counted(start: Promised): Promised {
    return (...args) => {
      const run = this.#run;
      const promise = start(...args);
      this.#promised += 1;
      const done = (): void => {
        if (run === this.#run) this.#promised -= 1;
      };
      promise.then(done, done);
      return promise;
    };
  }
}

/** Returns `run`, or what is no function at all, which Node refuses with its own error. */
function checked(callback: unknown, run: () => void): () => void {
  return typeof callback === "function" ? run : (callback as never);
}

const inner = (handle: Handle): Inner => handle as unknown as Inner;

function isOver(handle: Handle): boolean {
  return inner(handle)._destroyed;
}

function stop(handle: Handle): void {
  timers.clearTimeout(handle as NodeJS.Timeout);
  timers.clearImmediate(handle as NodeJS.Immediate);
}
