import { defineProperty, floor, uncurry } from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

const NANOSECONDS = 1_000_000;

/**
 * Takes the clocks out of the histograms of `node:perf_hooks`, and out of the native objects in
 * them. One measures the time between two calls, the other one the delay of the event loop.
 */
export function coarsenHistograms(hooks: Anything): void {
  const last = new WeakMap<object, number>();
  const get = uncurry(WeakMap.prototype.get) as (map: object, key: object) => number | undefined;
  const set = uncurry(WeakMap.prototype.set);
  const { performance } = globalThis;
  const now = performance.now.bind(performance);
  const record = (histogram: Anything): void => {
    const time = floor(now());
    const before = get(last, histogram);
    set(last, histogram, time);
    if (before !== undefined && time > before) histogram.record((time - before) * NANOSECONDS);
  };
  for (const prototype of prototypesOf(hooks.createHistogram())) {
    replace(prototype, "recordDelta", function (this: object) {
      record(this);
    });
  }
  for (const prototype of prototypesOf(hooks.monitorEventLoopDelay())) {
    replace(prototype, "enable", () => false);
    replace(prototype, "disable", () => false);
  }
}

/** Lists the prototypes of a histogram and of the objects it holds. */
function prototypesOf(histogram: Anything): object[] {
  const held = Reflect.ownKeys(histogram)
    .map((key) => histogram[key])
    .filter((value) => typeof value === "object" && value !== null);
  return [histogram, ...held].map((object) => Object.getPrototypeOf(object));
}

function replace(prototype: object, name: string, value: unknown): void {
  if (!Object.hasOwn(prototype, name)) return;
  defineProperty(prototype, name, { value, writable: true, configurable: true });
}
