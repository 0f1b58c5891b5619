import {
  apply,
  defineProperty,
  floor,
  getterOf,
  NativeWeakMap,
  NativeWeakSet,
  toNumber,
  uncurry,
  weakMapGet,
  weakMapSet,
  weakSetAdd,
  weakSetHas,
} from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;
type Call = (this: unknown, ...args: Anything[]) => unknown;

/** Error codes of WASI: success, and an unknown clock. */
const SUCCESS = 0;
const INVALID = 28;
/** Clocks of WASI: the first one is real time, the others begin with the process. */
const CLOCKS = 4;
const NANOSECONDS = 1_000_000n;
/** Places of the three times within what WASI writes about a file. */
const FILE_TIMES = [40, 48, 56];

/** Functions of an instance that the runtime calls. */
const STARTS = ["_start", "_initialize"];

const dateNow = Date.now;
const NativeBigInt = BigInt;
const NativeView = DataView;
const getTime = uncurry(DataView.prototype.getBigUint64);
const setTime = uncurry(DataView.prototype.setBigUint64);
const bufferOf = getterOf<ArrayBuffer>(WebAssembly.Memory.prototype, "buffer");
/** The same for all memories, because a property that is fixed takes no other one. */
const BUFFER = {
  __proto__: null,
  get(this: unknown) {
    return bufferOf(this);
  },
} as PropertyDescriptor;
const performanceNow = uncurry(Performance.prototype.now);
const { performance } = globalThis;

/**
 * Makes the clock of `node:wasi` step by a millisecond, and the times of files. Code gets at both
 * through one object of imports alone. Runs after user code, so it uses nothing that code may have
 * replaced.
 *
 * @returns Function that replaces the originals. It may run again after an overflow of the stack.
 */
export function coarserWasi({ WASI }: Anything): () => void {
  const { prototype } = WASI;
  const importsOf = getterOf<Record<string, Call>>(prototype, "wasiImport");
  const { getImportObject } = prototype;
  const memories = new NativeWeakMap<object, object>();
  const changed = new NativeWeakSet<object>();

  const viewOf = (imports: object): DataView | undefined => {
    const memory = weakMapGet(memories, imports);
    return memory === undefined ? undefined : new NativeView(bufferOf(memory as object));
  };
  const withTimes = (imports: Record<string, Call>, original: Call, at: number): Call => {
    return (...args) => {
      // Converted once: a second conversion could name another place.
      const from = toNumber(args[at]) >>> 0;
      if (at < args.length) args[at] = from;
      // Reads the memory that the runtime takes next. An argument could bind another one meanwhile.
      const view = viewOf(imports);
      if (view === undefined) return INVALID;
      const code = apply(original, imports, args);
      for (let n = 0; code === SUCCESS && n < FILE_TIMES.length; n += 1) {
        const place = from + (FILE_TIMES[n] as number);
        const time = getTime(view, place, true);
        setTime(view, place, time - (time % NANOSECONDS), true);
      }
      return code;
    };
  };
  const coarse = (wasi: unknown): Record<string, Call> => {
    const imports = importsOf(wasi);
    if (weakSetHas(changed, imports)) return imports;
    const clock: Call = (id, _precision, at) => {
      const view = viewOf(imports);
      if (view === undefined || !(id >= 0 && id < CLOCKS)) return INVALID;
      const time = id === 0 ? dateNow() : floor(performanceNow(performance));
      setTime(view, toNumber(at) >>> 0, NativeBigInt(time) * NANOSECONDS, true);
      return SUCCESS;
    };
    const ofFile = withTimes(imports, imports.fd_filestat_get as Call, 1);
    const ofPath = withTimes(imports, imports.path_filestat_get as Call, 4);
    imports.clock_time_get = clock;
    imports.fd_filestat_get = ofFile;
    imports.path_filestat_get = ofPath;
    weakSetAdd(changed, imports);
    return imports;
  };
  const withMemory = (original: Call, takesOptions: boolean): Call => {
    return function (this: unknown, instance: Anything, options: Anything) {
      const imports = coarse(this);
      const exports = instance?.exports;
      const memory = fixed((takesOptions ? options?.memory : undefined) ?? exports?.memory);
      const note = (): unknown => weakMapSet(memories, imports, memory);
      // Noted once the runtime has it. Until then, no time is written anywhere.
      weakMapSet(memories, imports, undefined);
      const own = isObject(exports) ? { exports: plain(exports, memory, note) } : instance;
      const result = apply(original, this, [own]);
      note();
      return result;
    };
  };
  const start = withMemory(prototype.start, false);
  const initialize = withMemory(prototype.initialize, false);
  const finalizeBindings = withMemory(prototype.finalizeBindings, true);
  const get = function (this: unknown) {
    return coarse(this);
  };
  return () => {
    const descriptor = { __proto__: null, get, configurable: true } as PropertyDescriptor;
    defineProperty(prototype, "wasiImport", descriptor);
    replace(prototype, "getImportObject", function (this: unknown) {
      coarse(this);
      return apply(getImportObject, this, []);
    });
    replace(prototype, "start", start);
    replace(prototype, "initialize", initialize);
    replace(prototype, "finalizeBindings", finalizeBindings);
  };
}

/** Makes a memory lead to its own bytes, whatever code has made of its `buffer`. */
function fixed(memory: Anything): Anything {
  try {
    bufferOf(memory);
  } catch {
    // The runtime refuses this with its own error.
    return undefined;
  }
  defineProperty(memory, "buffer", BUFFER);
  return memory;
}

/**
 * Reads the exports of an instance once, so that the runtime gets what this module has seen. Each of
 * its functions calls `before` first.
 */
function plain(exports: Anything, memory: unknown, before: () => void): Anything {
  const own: Anything = { __proto__: null, memory };
  for (let n = 0; n < STARTS.length; n += 1) {
    const name = STARTS[n] as string;
    const start = exports[name];
    if (start === undefined) continue;
    const call = (): unknown => {
      before();
      return apply(start, exports, []);
    };
    own[name] = typeof start === "function" ? call : start;
  }
  return own;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function replace(prototype: object, name: string, value: Call): void {
  const descriptor = { __proto__: null, value, writable: true, configurable: true };
  defineProperty(prototype, name, descriptor as PropertyDescriptor);
}
