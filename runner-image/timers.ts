import type { Work } from "../src/protocol/work.ts";
import {
  apply,
  defineProperty,
  nextOfValues,
  setAdd,
  setClear,
  setDelete,
  setForEach,
  setSize,
  valuesOf,
} from "./base/primordials.ts";

import type { Owners } from "./owners.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/** The runtime's own record of a timer, behind the object that code gets. */
interface CoreTimer {
  readonly _destroyed: boolean;
  _onTimeout: () => void;
  /** Milliseconds of an interval, `null` for a one-shot timer. */
  readonly _repeat: number | null;
}

/** The object that code gets: of `setTimeout`, of `node:timers`, and of their promises. */
interface Timeout {
  readonly _timer: CoreTimer;
}

/** Functions of the runtime's core that this module uses. */
export interface TimersCore {
  createTimer(
    callback: () => void,
    ms: number,
    args: undefined,
    repeats: boolean,
    refed: boolean,
  ): CoreTimer;
  unrefTimer(timer: CoreTimer): void;
}

/** Timers in the list from which on ended ones are taken out. */
const FIRST_SWEEP = 1_024;

/**
 * Lists the timers that code waits for, by whatever name it has started them. They stay the
 * runtime's own functions and objects. Only the methods that the constructor and `ref` go through
 * are replaced: all timers of a worker have the same prototype.
 */
export function trackTimers(core: TimersCore, owners: Owners): Omit<Work, "others"> {
  const { createTimer, unrefTimer } = core;
  const waiting = new Set<CoreTimer>();
  let sweepAt = FIRST_SWEEP;
  const isOver = (timer: CoreTimer): boolean => timer._destroyed !== false;

  // Ended timers are found when somebody asks, so that no frame of the runner is below a callback.
  const add = (timer: CoreTimer): void => {
    // Taken out of what keeps the event loop going, so that the rest of it can be asked for.
    unrefTimer(timer);
    setAdd(waiting, timer);
    if (setSize(waiting) < sweepAt) return;
    setForEach(waiting, (one) => {
      if (isOver(one)) setDelete(waiting, one);
    });
    sweepAt = setSize(waiting) * 2 + FIRST_SWEEP;
  };
  const has = (repeating: boolean): boolean => {
    const timers = valuesOf(waiting);
    try {
      for (
        let { done, value } = nextOfValues(timers);
        !done;
        { done, value } = nextOfValues(timers)
      ) {
        const timer = value as CoreTimer;
        if (isOver(timer)) setDelete(waiting, timer);
        else if ((timer._repeat !== null) === repeating) return true;
      }
    } catch {
      // Code has reached into a timer. Nobody waits for it then.
    }
    return false;
  };

  const sample = setTimeout(() => {}, 0);
  const prototype = Object.getPrototypeOf(sample) as Anything;
  clearTimeout(sample);
  const symbolOf = (name: string, of: object): symbol => {
    const found = Object.getOwnPropertySymbols(of).find(({ description }) => description === name);
    if (found === undefined) throw new Error(`The runtime's timers have no "${name}"`);
    return found;
  };
  const createSymbol = symbolOf("createTimer", prototype);
  const refed = symbolOf("refed", sample as unknown as object);
  const { [createSymbol]: create, ref, unref } = prototype;
  const replace = (name: PropertyKey, value: (this: Anything) => unknown): void => {
    defineProperty(value, "name", { value: prototype[name].name });
    defineProperty(prototype, name, { ...Object.getOwnPropertyDescriptor(prototype, name), value });
  };
  replace(createSymbol, function (this: Timeout & Record<symbol, unknown>) {
    const id = apply(create, this, []);
    const timer = this._timer;
    if (owners.current() !== undefined) timer._onTimeout = owners.watched(timer._onTimeout);
    if (this[refed] === true) add(timer);
    return id;
  });
  replace("ref", function (this: Timeout) {
    apply(ref, this, []);
    if (!isOver(this._timer)) add(this._timer);
    return this;
  });
  replace("unref", function (this: Timeout) {
    apply(unref, this, []);
    setDelete(waiting, this._timer);
    return this;
  });
  return {
    oneShots: () => has(false),
    intervals: () => has(true),
    forget: () => setClear(waiting),
    later: (callback, ms) => {
      createTimer(callback, ms, undefined, false, false);
    },
  };
}
