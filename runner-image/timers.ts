import { bareCall } from "./base/bare-call.ts";
import {
  NativePromise,
  NativeSet,
  nextTurn,
  setAdd,
  setClear,
  setDelete,
  setSize,
  startInterval,
  startTimer,
  stopTimer,
} from "./base/primordials.ts";

/** Time for the pending one-shot timers of a function that returned nothing. */
const GRACE_MS = 100;
const STEP_MS = 1;

const pending = new NativeSet<unknown>();
const repeating = new NativeSet<unknown>();
let intervalsGone = (): void => {};

/** Replaces the global timers by ones that are counted while they wait. */
export function trackTimers(): void {
  function setTimeout(handler: unknown, delay?: number, ...args: unknown[]): unknown {
    if (typeof handler !== "function") return startTimer(handler as never, delay, ...args);
    const id = startTimer(
      bareCall(() => {
        setDelete(pending, id);
        return { callee: handler, args };
      }),
      delay,
    );
    setAdd(pending, id);
    return id;
  }
  function setInterval(handler: unknown, delay?: number, ...args: unknown[]): unknown {
    if (typeof handler !== "function") return startInterval(handler as never, delay, ...args);
    const call = { callee: handler, args };
    const id = startInterval(
      bareCall(() => call),
      delay,
    );
    setAdd(repeating, id);
    return id;
  }
  function clear(id: unknown): void {
    setDelete(pending, id);
    stopTimer(id as never);
    if (setDelete(repeating, id) && setSize(repeating) === 0) intervalsGone();
  }
  // Either function stops both kinds of timers.
  const clearTimeout = (id: unknown): void => clear(id);
  const clearInterval = (id: unknown): void => clear(id);
  Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
}

/** Returns the number of intervals that go on. */
export function intervals(): number {
  return setSize(repeating);
}

/** Sets the function to call when the last interval has been stopped. */
export function onIntervalsGone(listener: () => void): void {
  intervalsGone = listener;
}

/** Forgets the timers of an earlier run, so that no later one waits for them. */
export function forgetTimers(): void {
  setClear(pending);
  setClear(repeating);
}

/**
 * Waits for late failures before the result counts. An unhandled rejection always surfaces one turn
 * later. A failing timer counts only if the function returned nothing, since no caller waits for a
 * value then.
 */
export async function settle(value: unknown): Promise<void> {
  await new NativePromise<void>((resolve) => {
    nextTurn(resolve);
  });
  if (value !== undefined) return;
  for (let waited = 0; waited < GRACE_MS && setSize(pending) > 0; waited += STEP_MS) {
    await new NativePromise<void>((resolve) => {
      startTimer(resolve, STEP_MS);
    });
  }
}
