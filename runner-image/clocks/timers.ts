import {
  apply,
  dateNow,
  defineProperty,
  getOwnPropertyDescriptor,
  NativeTypeError,
  NativeWeakMap,
  weakMapGet,
  weakMapSet,
} from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/** The runtime's own record of a timer, behind the object that code gets. */
export interface CoreTimer {
  readonly _destroyed: boolean;
  _onTimeout: () => void;
  /** Milliseconds of an interval, `null` for a one-shot timer. */
  readonly _repeat: number | null;
}

/** Functions of the runtime's core that this module uses. */
export interface TimerRecords {
  cancelTimer(timer: CoreTimer): void;
  refreshTimer(timer: CoreTimer): void;
  refTimer(timer: CoreTimer): void;
  unrefTimer(timer: CoreTimer): void;
  isProxy(value: unknown): boolean;
}

/** The prototype of all timers that code gets, and the symbols of their members. */
export interface TimerClass {
  readonly prototype: Anything;
  readonly create: symbol;
  readonly refed: symbol;
  /** Returns the runtime's record of a timer. */
  readonly recordOf: (timer: object) => CoreTimer | undefined;
  /** Replaces a method, and keeps its name. */
  readonly replace: (name: PropertyKey, value: (this: Anything) => unknown) => void;
}

/** Finds the class of timers. It is looked for in a timer, because code gets it nowhere else. */
export function timerClass(): TimerClass & { readonly symbolOf: (name: string) => symbol } {
  const sample = setTimeout(() => {}, 0);
  const prototype = Object.getPrototypeOf(sample) as Anything;
  clearTimeout(sample);
  const symbols = [prototype, sample].flatMap((of) => Object.getOwnPropertySymbols(of));
  const symbolOf = (name: string): symbol => {
    const found = symbols.find(({ description }) => description === name);
    if (found === undefined) throw new Error(`The runtime's timers have no "${name}"`);
    return found;
  };
  return {
    prototype,
    create: symbolOf("createTimer"),
    refed: symbolOf("refed"),
    symbolOf,
    recordOf: (timer) => (timer as { _timer?: CoreTimer })._timer,
    replace: (name, value) => {
      defineProperty(value, "name", { value: prototype[name].name });
      const before = Object.getOwnPropertyDescriptor(prototype, name);
      defineProperty(prototype, name, { ...before, value });
    },
  };
}

/**
 * Keeps the runtime's records of timers from code. A record and the list that it is in hold the time
 * in microseconds. The runtime finds it at the timer, so there is an empty one in its place.
 */
export function hideTimerRecords(core: TimerRecords): TimerClass {
  const { cancelTimer, refreshTimer, refTimer, unrefTimer, isProxy } = core;
  const records = new NativeWeakMap<object, CoreTimer>();
  const recordOf = (timer: object): CoreTimer | undefined =>
    weakMapGet(records, timer) as CoreTimer | undefined;
  const { symbolOf, ...timers } = timerClass();
  const { prototype, create, replace } = timers;
  const destroy = symbolOf("destroy");
  const suspended = symbolOf("suspended");
  const id = symbolOf("timerId");
  const { [create]: make, [destroy]: end, ref, unref } = prototype;

  replace(create, function () {
    // The runtime defines the record at the timer, and a trap of a proxy would get it.
    if (isProxy(this)) throw new NativeTypeError("Illegal invocation");
    const value = { __proto__: null, _destroyed: true };
    const empty = { __proto__: null, value, writable: true, configurable: true };
    // Nothing after it takes more of the stack, so that no overflow comes in between.
    const made = apply(make, this, []);
    const record = getOwnPropertyDescriptor(this, "_timer")?.value;
    defineProperty(this, "_timer", empty as PropertyDescriptor);
    weakMapSet(records, this, record);
    return made;
  });
  replace(destroy, function () {
    const record = recordOf(this);
    if (record !== undefined) cancelTimer(record);
    return apply(end, this, []);
  });
  // Not passed on: the runtime writes the time to what it finds at the timer.
  replace("refresh", function () {
    const record = recordOf(this);
    if (record === undefined) throw new NativeTypeError("Illegal invocation");
    if (!this._destroyed) refreshTimer(record);
    else if (this._onTimeout !== null) {
      this._destroyed = false;
      this[suspended] = false;
      this[id] = this[create]();
    }
    this._idleStart = dateNow();
    return this;
  });
  replace("ref", function () {
    const record = recordOf(this);
    if (record !== undefined) refTimer(record);
    return apply(ref, this, []);
  });
  replace("unref", function () {
    const record = recordOf(this);
    if (record !== undefined) unrefTimer(record);
    return apply(unref, this, []);
  });
  return { ...timers, recordOf };
}
