import type { Work } from "../src/protocol/work.ts";
import { dateNow, least, NativePromise, nextTurn } from "./base/primordials.ts";

/** Time for the one-shot timers of a function that returned nothing. */
const GRACE_MS = 100;
/** Bounds of the time between two looks. It grows with the time waited, by this part of it. */
const FIRST_STEP_MS = 1;
const LAST_STEP_MS = 25;
const PART = 10;

/** Waits for one turn of the event loop. An unhandled rejection surfaces in it. */
export function turn(): Promise<void> {
  return new NativePromise<void>((resolve) => {
    nextTurn(resolve);
  });
}

/** Reasons to wait for work beside its timers. */
export interface Reasons {
  /** Returns whether the code's work goes on until it ends by itself. */
  goesOn(): boolean;
  /** Returns whether there is something to wait for within the grace. */
  ends(): boolean;
  /** Returns whether no time is left. */
  isOver(): boolean;
  /** Called once, as soon as work goes on. */
  onGoingOn(): void;
  /** Takes the function that ends a wait. */
  wakeBy(wake: () => void): void;
}

/**
 * Waits for the work of a function that returned nothing. The grace begins anew when work that went
 * on has ended, for what this has started.
 */
export async function finish(work: Work, reasons: Reasons): Promise<void> {
  const start = dateNow();
  let graceEnd = start + GRACE_MS;
  let wasGoingOn = false;
  while (!reasons.isOver()) {
    const now = dateNow();
    if (reasons.goesOn()) {
      if (!wasGoingOn) reasons.onGoingOn();
      wasGoingOn = true;
      graceEnd = now + GRACE_MS;
    } else if (!reasons.ends() || now >= graceEnd) {
      // Some work pauses for a turn between two of its steps.
      if (!wasGoingOn || now >= graceEnd) return;
      await turn();
      if (!reasons.goesOn() && !reasons.ends()) return;
      continue;
    }
    const step = least(FIRST_STEP_MS + (now - start) / PART, LAST_STEP_MS);
    await new NativePromise<void>((resolve) => {
      reasons.wakeBy(resolve);
      work.later(resolve, step);
    });
  }
}
