/** Ways in which code has got a fine clock without the permission, each one with a name. */
interface ClockAttack {
  readonly name: string;
  /** Body of an asynchronous function that returns a clock, which returns milliseconds. */
  readonly body: string;
}

/** Imports and helpers of all attacks. */
const HEAD = `
  import vm from "node:vm";
  import module, { getBuiltinModule } from "node:module";
  const BASE = Temporal.Now.instant().epochNanoseconds;
  const NOW = "Temporal.Now.instant().epochNanoseconds";
  const clockOf = (vm, context) => () => Number(vm.runInContext(NOW, context) - BASE) / 1e6;
  const wasiClock = ({ WASI }) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const wasi = new WASI({ version: "preview1" });
    wasi.initialize({ exports: { memory } });
    return () => {
      wasi.wasiImport.clock_time_get(1, 0n, 0);
      return Number(new DataView(memory.buffer).getBigUint64(0, true)) / 1e6;
    };
  };
  /** Replaces a member while \`action\` runs. */
  const during = (object, name, value, action) => {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { configurable: true, ...value });
    try { return action(); }
    finally { if (before) Object.defineProperty(object, name, before); else delete object[name]; }
  };
  const silent = { get() {}, set() {} };
  const imported = (id) => {
    const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const options = { filename: import.meta.resolve(id), importModuleDynamically };
    return new vm.Script("import('" + id + "')", options).runInThisContext();
  };`;

export const CLOCK_ATTACKS: readonly ClockAttack[] = [
  {
    name: "a script that says it is the module in a module's place",
    body: `const vm = await imported("node:vm"); return clockOf(vm, vm.createContext({}));`,
  },
  {
    name: "a function that says it is the module in a module's place",
    body: `const filename = import.meta.resolve("node:vm");
      const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
      const load = vm.compileFunction("return import('node:vm')", [], { filename, importModuleDynamically });
      const found = await load(); return clockOf(found, found.createContext({}));`,
  },
  {
    name: "a module that says it is the module in a module's place",
    body: `const identifier = import.meta.resolve("node:vm");
      const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
      const own = new vm.SourceTextModule("export default await import('node:vm')", { identifier, importModuleDynamically });
      await own.link(() => {}); await own.evaluate();
      const found = own.namespace.default; return clockOf(found, found.createContext({}));`,
  },
  {
    name: "getBuiltinModule() of node:module",
    body: `return wasiClock(getBuiltinModule("node:wasi"));`,
  },
  {
    name: "a resolver of its own",
    body: `const before = module._resolveFilename;
      module._resolveFilename = () => "node:wasi";
      try { return wasiClock(module._load("something")); } finally { module._resolveFilename = before; }`,
  },
  {
    name: "options whose getter hides the Temporal of the context",
    body: `const object = {};
      const options = { get name() {
        Object.defineProperty(object, "Temporal", { value: undefined, configurable: true });
        return "x";
      } };
      const context = vm.createContext(object, options);
      delete object.Temporal;
      return clockOf(vm, context);`,
  },
  {
    name: "a context that an overflow of the stack left half made",
    body: `let found;
      const descend = () => {
        try { descend(); } catch {}
        if (found) return;
        const object = {};
        try { found = vm.createContext(object); } catch { try { if (vm.isContext(object)) found = object; } catch {} }
      };
      descend();
      return clockOf(vm, found);`,
  },
  {
    name: "an error of a context that an overflow of the stack left half made",
    body: `let found;
      const descend = () => {
        try { descend(); } catch {}
        if (found) return;
        try { vm.createContext({}); found = vm.runInNewContext("new Error()"); }
        catch (error) { try { if (!(error instanceof Error)) found = error; } catch {} }
      };
      descend();
      const temporal = found.constructor.constructor("return Temporal")();
      return () => Number(temporal.Now.instant().epochNanoseconds - BASE) / 1e6;`,
  },
  {
    name: "Object.keys() without keys",
    body: `const value = () => [];
      return clockOf(vm, during(Object, "keys", { value }, () => vm.createContext({})));`,
  },
  {
    name: "lists that have no items",
    body: `const value = () => ({ next: () => ({ done: true }) });
      const make = () => vm.createContext({});
      return clockOf(vm, during(Array.prototype, Symbol.iterator, { value }, make));`,
  },
  {
    name: "scripts that find no Temporal",
    body: `const value = () => undefined;
      const make = () => vm.createContext({});
      return clockOf(vm, during(vm.Script.prototype, "runInContext", { value }, make));`,
  },
  {
    name: "functions that are bound to something else",
    body: `const value = () => () => undefined;
      const make = () => vm.createContext({});
      return clockOf(vm, during(Function.prototype, "bind", { value }, make));`,
  },
  {
    name: "sets that hold everything",
    body: `const value = () => true;
      const load = () => process.getBuiltinModule("node:wasi");
      return wasiClock(during(WeakSet.prototype, "has", { value }, load));`,
  },
  {
    name: "sets that hold everything while the clock is read",
    body: `const value = () => true;
      const make = () => wasiClock(process.getBuiltinModule("node:wasi"));
      return during(WeakSet.prototype, "has", { value }, make);`,
  },
  {
    name: "expressions that match nothing",
    body: `const value = () => null;
      const load = () => process.getBuiltinModule("node:wasi");
      return wasiClock(during(RegExp.prototype, "exec", { value }, load));`,
  },
  {
    name: "a mark whose time is set nowhere",
    body: `return () => during(Object.prototype, "startTime", silent, () => performance.mark("x").startTime);`,
  },
  {
    name: "a constructed mark whose time is set nowhere",
    body: `return () => during(Object.prototype, "startTime", silent, () => new PerformanceMark("x").startTime);`,
  },
  {
    name: "a measure whose end is set nowhere",
    body: `return () => during(Object.prototype, "end", silent, () => performance.measure("x", { start: 0 }).duration);`,
  },
  {
    name: "a measure whose duration is gone the second time",
    body: `return () => {
      let asked = 0;
      const changing = { get() { asked += 1; return asked > 1 ? undefined : 1; }, set() {} };
      const { duration } = during(Object.prototype, "duration", changing, () => performance.measure("x", { start: 0 }));
      return duration === 1 ? performance.measure("x", { start: 0 }).duration : duration;
    };`,
  },
  {
    name: "a measure whose end is empty the second time",
    body: `performance.mark("a", { startTime: 0 });
      return () => {
        let asked = 0;
        const end = { toString() { asked += 1; return asked > 1 ? "" : "a"; } };
        const { duration } = performance.measure("m", "a", end);
        return duration || performance.measure("m", "a").duration;
      };`,
  },
  {
    name: "the runtime's record of a timer",
    body: `const timer = setTimeout(() => {}, 60_000);
      const { _timer: record } = timer;
      return () => { timer.refresh(); return record._idleStart ?? Date.now(); };`,
  },
  {
    name: "a record in place of a timer's own",
    body: `const timer = setTimeout(() => {}, 60_000);
      let time;
      const record = { _idleTimeout: 60_000, set _idleStart(value) { time = value; } };
      const state = { get() { timer._timer = record; return false; } };
      return () => {
        during(timer, "_destroyed", state, () => timer.refresh());
        return time ?? Date.now();
      };`,
  },
  {
    name: "a proxy in place of a timer",
    body: `const { _timer: _, ...fields } = setTimeout(() => {}, 60_000);
      const of = Object.getPrototypeOf(setTimeout(() => {}, 60_000));
      const create = Object.getOwnPropertySymbols(of).find((one) => one.description === "createTimer");
      return () => {
        let time;
        const defineProperty = (target, name, field) => {
          time ??= field.value?._idleStart;
          return Reflect.defineProperty(target, name, field);
        };
        of[create].call(new Proxy({ ...fields }, { defineProperty }));
        return time ?? Date.now();
      };`,
  },
  {
    name: "a timer whose record cannot be replaced",
    body: `const timer = setTimeout(() => {}, 60_000);
      const of = Object.getPrototypeOf(timer);
      const create = Object.getOwnPropertySymbols(of).find((one) => one.description === "createTimer");
      return () => {
        const own = { ...timer };
        try { during(Object.prototype, "get", { value() {} }, () => of[create].call(own)); } catch {}
        return own._timer?._idleStart ?? Date.now();
      };`,
  },
];

/** Code that makes an attack and returns "fine", "coarse" or its error. */
export function codeOfAttack({ body }: ClockAttack): string {
  return `${HEAD}
    const attack = async () => { ${body} };
    export default async () => {
      try {
        const clock = await attack();
        let last = clock();
        let least = Infinity;
        const end = Date.now() + 100;
        for (let n = 0; n < 2_000 && Date.now() < end; n += 1) {
          const time = clock();
          if (time > last) least = Math.min(least, time - last);
          last = time;
        }
        return least < 0.999 ? "fine" : "coarse";
      } catch (error) { return String(error.message); }
    }`;
}
