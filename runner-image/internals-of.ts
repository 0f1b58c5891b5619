import type { TimerRecords } from "./clocks/timers.ts";
import type { FailuresCore, ProcessCallbacks } from "./failures.ts";
import type { OperationsCore } from "./operations.ts";
import type { OwnersCore } from "./owners.ts";
import type { TimersCore } from "./timers.ts";

/** The runtime's own functions that the runner uses. */
export interface Internals extends ProcessCallbacks {
  readonly core: FailuresCore & OperationsCore & OwnersCore & TimersCore & TimerRecords;
}

/** Returns what `Deno` holds of the runtime's insides, until `closeInternals()` has run. */
export function internalsOf(deno: object): Internals {
  const { internal } = deno as { internal: symbol };
  return (deno as Record<symbol, Internals>)[internal] as Internals;
}
