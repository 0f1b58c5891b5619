import {
  apply,
  defineProperty,
  floor,
  getterOf,
  NativeTypeError,
  toNumber,
  toText,
  uncurry,
} from "../base/primordials.ts";
import { replace } from "../base/replace.ts";

const { construct } = Reflect;

type MeasureStart = string | PerformanceMeasureOptions | undefined;

/** Options without a prototype, so that the runtime finds nothing that code has put there. */
interface Plain {
  __proto__: null;
  detail?: unknown;
  start?: string | number;
  end?: string | number;
  duration?: number;
  startTime?: number;
}

/** Replaces `performance.now()`, on which `process.hrtime()` and others are built, and its marks. */
export function coarsenPerformance(): void {
  const { prototype } = Performance;
  const { mark, measure } = prototype;
  const { performance } = globalThis;
  const original = uncurry(prototype.now);
  const origin = getterOf<number>(prototype, "timeOrigin");
  const now = (clock: Performance): number => floor(original(clock));
  const markNow = (options: PerformanceMarkOptions | undefined): Plain => {
    const startTime = options?.startTime;
    const detail: unknown = options?.detail;
    const own: Plain = { __proto__: null };
    own.startTime = startTime === undefined ? now(performance) : toNumber(startTime);
    if (detail !== undefined) own.detail = detail;
    return own;
  };
  replace(prototype, {
    now(this: Performance) {
      return now(this);
    },
    toJSON(this: Performance) {
      return { timeOrigin: floor(origin(this)) };
    },
    mark(this: Performance, name: string, options?: PerformanceMarkOptions) {
      return apply(mark, this, [name, markNow(options)]);
    },
    measure(this: Performance, name: string, from?: MeasureStart, to?: string) {
      return apply(measure, this, [name, untilNow(from, to, now(performance))]);
    },
  });
  const get = function (this: Performance): number {
    return floor(origin(this));
  };
  defineProperty(prototype, "timeOrigin", { get, enumerable: true, configurable: true });
  const Mark = new Proxy(PerformanceMark, {
    construct: (target, args, newTarget) =>
      construct(target, [args[0], markNow(args[1])], newTarget) as object,
  });
  defineProperty(PerformanceMark.prototype, "constructor", { value: Mark });
  defineProperty(globalThis, "PerformanceMark", { value: Mark });
}

/**
 * Reads what is measured, each part once. Adds the end, where the runtime would take its own clock
 * for it.
 */
function untilNow(from: MeasureStart, to: string | undefined, now: number): Plain {
  const own: Plain = { __proto__: null };
  const isObject = (typeof from === "object" && from !== null) || typeof from === "function";
  if (!isObject) {
    if (from !== undefined) own.start = toText(from);
    const end = to === undefined ? "" : toText(to);
    own.end = end === "" ? now : end;
    return own;
  }
  const { detail, start, end, duration } = from as PerformanceMeasureOptions;
  const isEmpty = detail === undefined && start === undefined && end === undefined;
  if (to !== undefined && !(isEmpty && duration === undefined)) {
    throw new NativeTypeError('Options cannot be passed with "endMark"');
  }
  if (detail !== undefined) own.detail = detail;
  if (start !== undefined) own.start = timeIn(start);
  if (end !== undefined) own.end = timeIn(end);
  if (duration !== undefined) own.duration = toNumber(duration);
  const isFixed = own.start !== undefined && own.duration !== undefined;
  if (!isFixed) own.end ??= now;
  return own;
}

/** Converts a time or the name of a mark once. */
function timeIn(value: string | number): string | number {
  return typeof value === "number" ? value : toText(value);
}
