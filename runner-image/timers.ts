import {
  apply,
  NativePromise,
  NativeSet,
  nextTurn,
  setAdd,
  setClear,
  setDelete,
  setSize,
  startTimer,
  stopTimer,
} from "./base/primordials.ts";

/** Time for the pending one-shot timers of a function that returned nothing. */
const GRACE_MS = 100;
const STEP_MS = 1;

const pending = new NativeSet<unknown>();

/** Replaces the global one-shot timers by ones that are counted while they wait. */
export function trackTimers(): void {
  function setTimeout(handler: unknown, delay?: number, ...args: unknown[]): unknown {
    if (typeof handler !== "function") return startTimer(handler as never, delay, ...args);
    const id = startTimer(() => {
      setDelete(pending, id);
      apply(handler, undefined, args);
    }, delay);
    setAdd(pending, id);
    return id;
  }
  function clearTimeout(id: unknown): void {
    setDelete(pending, id);
    stopTimer(id as never);
  }
  Object.assign(globalThis, { setTimeout, clearTimeout });
}

/** Forgets pending timers of an earlier run, so that `settle()` does not wait for them. */
export function forgetTimers(): void {
  setClear(pending);
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
