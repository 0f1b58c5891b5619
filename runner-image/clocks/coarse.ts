import {
  apply,
  defineProperty,
  deleteProperty,
  floor,
  getterOf,
  toText,
  uncurry,
} from "../base/primordials.ts";
import { closeContexts } from "./contexts.ts";
import { coarsenHistograms } from "./histograms.ts";
import { coarsenTemporal } from "./temporal.ts";
import { coarsenWasi } from "./wasi.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/** Microseconds in the step of processor time. */
const STEP_MICROSECONDS = 1_000;
const { construct } = Reflect;

/**
 * Makes all clocks of this global scope step by a millisecond, for code without `hrtime`. Each
 * clock is replaced where user code finds it, and no object leads to the original.
 */
export function coarsenClocks(): void {
  const { process, Deno, Temporal } = globalThis as Anything;
  coarsenPerformance();
  coarsenHistograms(process.getBuiltinModule("node:perf_hooks"));
  coarsenProcessorTime(process, Deno);
  if (Temporal !== undefined) coarsenTemporal(Temporal);
  closeContexts(process.getBuiltinModule("node:vm"), process.getBuiltinModule("node:util").types);
  closeModules(process);
}

/** Replaces `performance.now()`, on which `process.hrtime()` and others are built, and its marks. */
function coarsenPerformance(): void {
  const { prototype } = Performance;
  const { mark, measure } = prototype;
  const original = uncurry(prototype.now);
  const origin = getterOf<number>(prototype, "timeOrigin");
  const now = (clock: Performance): number => floor(original(clock));
  const markNow = (options: PerformanceMarkOptions | undefined): PerformanceMarkOptions => {
    const own = { ...options };
    own.startTime ??= now(performance);
    return own;
  };
  const { performance } = globalThis;
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
      if (to !== undefined && toText(to) !== "") return apply(measure, this, [name, from, to]);
      return apply(measure, this, [name, untilNow(from, now(performance))]);
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

type MeasureStart = string | PerformanceMeasureOptions | undefined;

/** Adds the end to what is measured, where the runtime would take its own clock for it. */
function untilNow(from: MeasureStart, now: number): PerformanceMeasureOptions {
  const isObject = typeof from === "object" && from !== null;
  const options: PerformanceMeasureOptions = isObject ? { ...from } : {};
  if (!isObject && from !== undefined) options.start = toText(from);
  const isFixed = options.start !== undefined && options.duration !== undefined;
  if (!isFixed) options.end ??= now;
  // The runtime refuses three members, also if one of them is undefined.
  for (const name of ["start", "end", "duration"] as const) {
    if (options[name] === undefined) deleteProperty(options, name);
  }
  return options;
}

interface Times {
  readonly user: number;
  readonly system: number;
}

/** Replaces the clocks of processor time, which count microseconds. */
function coarsenProcessorTime(process: Anything, Deno: Anything): void {
  const { threadCpuUsage, resourceUsage } = process;
  const { cpuUsage } = Deno;
  const coarse = ({ user, system }: Times): Times => ({ user: step(user), system: step(system) });
  // `process.cpuUsage()` calls this one, whatever name code has it by.
  replace(Deno, { cpuUsage: () => coarse(cpuUsage()) });
  replace(process, {
    threadCpuUsage(before?: Times) {
      // Called with it for its checks alone.
      if (before !== undefined) threadCpuUsage(before);
      const { user, system } = coarse(threadCpuUsage());
      if (before === undefined) return { user, system };
      return { user: user - before.user, system: system - before.system };
    },
    resourceUsage() {
      const usage = resourceUsage();
      usage.userCPUTime = step(usage.userCPUTime);
      usage.systemCPUTime = step(usage.systemCPUTime);
      return usage;
    },
  });
}

function step(microseconds: number): number {
  return floor(microseconds / STEP_MICROSECONDS) * STEP_MICROSECONDS;
}

/** Name of the module with a clock for WebAssembly. */
const WASI = /^(node:)?wasi$/;
const isWasi = RegExp.prototype.test.bind(WASI);

/**
 * Changes the module `wasi` when it is first loaded, because loading it takes as long as all the
 * rest. Refuses hooks for the loader: a hook could resolve a specifier without the import map, and
 * so reach what the map replaces.
 */
function closeModules(process: Anything): void {
  const modules = process.getBuiltinModule("node:module");
  const { _load: load } = modules;
  const { getBuiltinModule } = process;
  let isCoarse = false;
  const prepare = (name: unknown): void => {
    if (isCoarse || typeof name !== "string" || !isWasi(name)) return;
    isCoarse = true;
    coarsenWasi(apply(getBuiltinModule, process, ["node:wasi"]));
  };
  replace(modules, {
    _load(this: unknown, ...args: unknown[]) {
      prepare(args[0]);
      return apply(load, this, args);
    },
    registerHooks() {
      throw new Error('registerHooks() needs {"permissions":{"hrtime":true}}');
    },
  });
  replace(process, {
    getBuiltinModule(name: unknown) {
      // The original refuses what is no text, so that no name can change meanwhile.
      prepare(name);
      return apply(getBuiltinModule, process, [name]);
    },
  });
}

function replace(target: object, methods: Record<string, (...args: never[]) => unknown>): void {
  for (const name of Object.keys(methods)) {
    const { enumerable = true } = Object.getOwnPropertyDescriptor(target, name) ?? {};
    const value = methods[name];
    defineProperty(target, name, { value, enumerable, writable: true, configurable: true });
  }
}
