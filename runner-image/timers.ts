import type { Work } from "../src/protocol/work.ts";
import {
  apply,
  nextOfSet,
  setAdd,
  setClear,
  setDelete,
  setForEach,
  setSize,
  setValues,
} from "./base/primordials.ts";
import type { CoreTimer, TimerClass } from "./clocks/timers.ts";
import type { Owners } from "./owners.ts";

/** The object that code gets: of `setTimeout`, of `node:timers`, and of their promises. */
type Timeout = object & Record<symbol, unknown>;

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
export function trackTimers(
  core: TimersCore,
  owners: Owners,
  { prototype, create: createSymbol, refed, recordOf, replace }: TimerClass,
): Omit<Work, "others"> {
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
    const timers = setValues(waiting);
    try {
      for (let { done, value } = nextOfSet(timers); !done; { done, value } = nextOfSet(timers)) {
        const timer = value as CoreTimer;
        if (isOver(timer)) setDelete(waiting, timer);
        else if ((timer._repeat !== null) === repeating) return true;
      }
    } catch {
      // Code has reached into a timer. Nobody waits for it then.
    }
    return false;
  };

  const { [createSymbol]: create, ref, unref } = prototype;
  replace(createSymbol, function (this: Timeout) {
    const id = apply(create, this, []);
    const timer = recordOf(this) as CoreTimer;
    if (owners.current() !== undefined) timer._onTimeout = owners.watched(timer._onTimeout);
    if (this[refed] === true) add(timer);
    return id;
  });
  replace("ref", function (this: Timeout) {
    apply(ref, this, []);
    const timer = recordOf(this);
    if (timer !== undefined && !isOver(timer)) add(timer);
    return this;
  });
  replace("unref", function (this: Timeout) {
    apply(unref, this, []);
    const timer = recordOf(this);
    if (timer !== undefined) setDelete(waiting, timer);
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
