import { apply, defineProperty, floor, getterOf, toNumber, uncurry } from "../base/primordials.ts";

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

const dateNow = Date.now;
const NativeBigInt = BigInt;
const NativeView = DataView;
const getTime = uncurry(DataView.prototype.getBigUint64);
const setTime = uncurry(DataView.prototype.setBigUint64);
const { hasOwn } = Object;

/**
 * Makes the clock of `node:wasi` step by a millisecond, and the times of files. Code gets at both
 * through one object of imports alone.
 */
export function coarsenWasi({ WASI }: Anything): void {
  const { prototype } = WASI;
  const importsOf = getterOf<Record<string, Call>>(prototype, "wasiImport");
  const { getImportObject } = prototype;
  const { performance } = globalThis;
  const now = performance.now.bind(performance);
  const memories = new WeakMap<object, WebAssembly.Memory>();
  const known = uncurry(WeakMap.prototype.has);
  const memoryOf = uncurry(WeakMap.prototype.get);
  const note = uncurry(WeakMap.prototype.set);
  const bufferOf = getterOf<ArrayBuffer>(WebAssembly.Memory.prototype, "buffer");
  const changed = new WeakSet<object>();
  const isChanged = uncurry(WeakSet.prototype.has);
  const change = uncurry(WeakSet.prototype.add);

  const viewOf = (imports: object): DataView | undefined => {
    if (!known(memories, imports)) return undefined;
    return new NativeView(bufferOf(memoryOf(memories, imports)));
  };
  const coarse = (wasi: unknown): Record<string, Call> => {
    const imports = importsOf(wasi);
    if (isChanged(changed, imports)) return imports;
    change(changed, imports);
    imports.clock_time_get = (id, _precision, at) => {
      const view = viewOf(imports);
      if (view === undefined || !(id >= 0 && id < CLOCKS)) return INVALID;
      const time = id === 0 ? dateNow() : floor(now());
      setTime(view, toNumber(at) >>> 0, NativeBigInt(time) * NANOSECONDS, true);
      return SUCCESS;
    };
    for (const [name, at] of [
      ["fd_filestat_get", 1],
      ["path_filestat_get", 4],
    ] as const) {
      const original = imports[name] as Call;
      imports[name] = (...args) => {
        const code = apply(original, imports, args);
        const view = viewOf(imports);
        for (let n = 0; code === SUCCESS && view && n < FILE_TIMES.length; n += 1) {
          const place = (toNumber(args[at]) >>> 0) + (FILE_TIMES[n] as number);
          const time = getTime(view, place, true);
          setTime(view, place, time - (time % NANOSECONDS), true);
        }
        return code;
      };
    }
    return imports;
  };

  defineProperty(prototype, "wasiImport", {
    get() {
      return coarse(this);
    },
    configurable: true,
  });
  replace(prototype, "getImportObject", function (this: unknown) {
    coarse(this);
    return apply(getImportObject, this, []);
  });
  for (const name of ["start", "initialize", "finalizeBindings"]) {
    const original = prototype[name] as Call;
    replace(prototype, name, function (this: unknown, instance: Anything, options: Anything) {
      const memory: unknown = options?.memory ?? instance?.exports?.memory;
      if (memory instanceof WebAssembly.Memory) note(memories, coarse(this), memory);
      return apply(original, this, [instance, options]);
    });
  }
}

function replace(prototype: object, name: string, value: Call): void {
  if (hasOwn(prototype, name)) {
    defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
