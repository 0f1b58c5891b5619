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

/** How long a function that returned nothing is given for the one-shot timers it left behind. */
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

/** Has `settle()` wait for no timer that is there already: an earlier run has left it. */
export function forgetTimers(): void {
  setClear(pending);
}

/**
 * Lets what the entry left behind come to light before its result counts: an unhandled rejection
 * always (it surfaces one turn later), a failing timer only of a function that returned nothing,
 * since nobody waits for that one's value.
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
