import { apply, floor } from "../base/primordials.ts";
import { replace } from "../base/replace.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/** Nanoseconds in the step of what a collection of garbage costs. */
const STEP = 1_000_000;

/** Makes the profiler of `node:v8` count whole milliseconds for each collection of garbage. */
export function coarsenCollector({ GCProfiler: { prototype } }: Anything): void {
  const { stop } = prototype;
  replace(prototype, {
    stop(this: unknown) {
      const profile = apply(stop, this, []) as Anything;
      const statistics = profile?.statistics;
      for (let n = 0; statistics !== undefined && n < statistics.length; n += 1) {
        statistics[n].cost = floor(statistics[n].cost / STEP) * STEP;
      }
      return profile;
    },
  });
}
