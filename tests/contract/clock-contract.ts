import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { sample } from "./case-choice.ts";
import { CLOCK_ATTACKS, codeOfAttack } from "./clock-attacks.ts";
import { job, PROFILE, SHARED } from "./engine-contract.ts";

/** Room for the many contexts that are made to look at their clocks. */
const ROOMY = { ...PROFILE, memory: 512 };
const NOTHING = {
  env: false,
  net: false,
  read: false,
  write: false,
  sys: false,
  run: false,
  ffi: false,
  import: false,
} as const;
const HRTIME = { worker: { ...NOTHING, hrtime: true }, env: {}, egress: null };

/** Clocks that code finds, each as a function that returns milliseconds. */
const CLOCKS = `
  import hooks, { performance as imported, createHistogram, monitorEventLoopDelay } from "node:perf_hooks";
  import proc, * as processModule from "node:process";
  import * as vm from "node:vm";
  import { Writable } from "node:stream";
  import { Console } from "node:console";
  import { createRequire } from "node:module";
  const require = createRequire("file:///x.js");
  const seconds = ([s, ns]) => s * 1e3 + ns / 1e6;
  const micro = ({ user, system }) => (user + system) / 1e3;
  const temporal = (Temporal) => Number(Temporal.Now.instant().epochNanoseconds - BASE) / 1e6;
  const BASE = Temporal.Now.instant().epochNanoseconds;
  const inTime = (t) => t.minute * 6e4 + t.second * 1e3 + t.millisecond + t.microsecond / 1e3 + t.nanosecond / 1e6;
  const context = vm.createContext({});
  const script = new vm.Script("Temporal");
  const histogram = createHistogram();
  const held = histogram[Reflect.ownKeys(histogram).find((key) => typeof histogram[key]?.recordDelta === "function")];
  const delta = (h) => { h.reset?.(); histogram.reset(); h.recordDelta(); for (let n = 0; n < 10_000; n += 1) ; h.recordDelta(); return histogram.max / 1e6; };
  let printed = "";
  const own = new Console({ stdout: new Writable({ write(text, _, done) { printed += text; done(); } }) });
  const marks = () => performance.getEntriesByType("mark").at(-1);
  export const clocks = {
    now: () => performance.now(),
    call: () => Performance.prototype.now.call(performance),
    imported: () => imported.now(),
    required: () => require("perf_hooks").performance.now(),
    builtin: () => process.getBuiltinModule("node:perf_hooks").performance.now(),
    mark: () => performance.mark("a").startTime,
    entry: () => { performance.mark("b"); return marks().startTime; },
    symbols: () => { const m = performance.mark("c"); return Math.max(...Reflect.ownKeys(m).map((key) => m[key]).filter((v) => typeof v === "number")); },
    class: () => new PerformanceMark("d").startTime,
    constructor: () => new (performance.mark("e").constructor)("f").startTime,
    measure: () => performance.measure("g").duration,
    since: () => performance.measure("h", { start: 0 }).duration,
    lasting: () => performance.measure("i", { duration: 1 }).startTime,
    hrtime: () => seconds(process.hrtime()),
    bigint: () => Number(process.hrtime.bigint()) / 1e6,
    named: () => seconds(processModule.hrtime()),
    uptime: () => process.uptime() * 1e3,
    cpu: () => micro(process.cpuUsage()),
    namedCpu: () => micro(processModule.cpuUsage()),
    denoCpu: () => micro(Deno.cpuUsage()),
    threadCpu: () => micro(proc.threadCpuUsage()),
    namedThreadCpu: () => micro(processModule.threadCpuUsage()),
    requiredThreadCpu: () => micro(require("process").threadCpuUsage()),
    resources: () => processModule.resourceUsage().userCPUTime / 1e3,
    instant: () => temporal(Temporal),
    zoned: () => Number(Temporal.Now.zonedDateTimeISO("UTC").epochNanoseconds - BASE) / 1e6,
    dateTime: () => inTime(Temporal.Now.plainDateTimeISO()),
    time: () => inTime(Temporal.Now.plainTimeISO()),
    context: () => temporal(vm.runInContext("Temporal", context)),
    newContext: () => temporal(vm.runInNewContext("Temporal")),
    script: () => temporal(script.runInNewContext()),
    requiredContext: () => temporal(require("node:vm").runInNewContext("Temporal")),
    importedContext: async () => temporal((await import("data:text/javascript,export * from 'node:vm'")).runInNewContext("Temporal")),
    event: () => new Event("x").timeStamp,
    date: () => Date.now(),
  };
  export const intervals = {
    timerify: () => { const h = createHistogram(); hooks.timerify(() => { for (let n = 0; n < 1e4; n += 1) ; }, { histogram: h })(); return h.max / 1e6; },
    delta: () => delta(histogram),
    held: () => held === undefined ? 0 : delta(held),
    console: () => { printed = ""; own.time("t"); for (let n = 0; n < 1e5; n += 1) ; own.timeEnd("t"); return Number(/([\\d.]+)ms/.exec(printed)?.[1] ?? 0); },
    delay: async () => {
      const h = monitorEventLoopDelay({ resolution: 1 });
      h.enable();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const end = Date.now() + 5; while (Date.now() < end) ;
      await new Promise((resolve) => setTimeout(resolve, 20));
      h.disable();
      return h.max / 1e6;
    },
  };
  /** The smallest fraction of a millisecond seen, or what is left over one. */
  export const fraction = (ms) => { const rest = ms - Math.floor(ms); return Math.min(rest, 1 - rest); };
`;

/** Code that returns the clocks whose steps are finer than a millisecond. */
const FINE = `${CLOCKS}
  export default async () => {
    const fine = [];
    for (const [name, clock] of Object.entries(clocks)) {
      let last = await clock();
      let least = Infinity;
      const end = Date.now() + 12;
      for (let n = 0; n < 3_000 && (n < 6 || Date.now() < end); n += 1) {
        const time = await clock();
        if (time > last) least = Math.min(least, time - last);
        last = time;
      }
      // A millisecond is not exact in floating point.
      if (least < 0.999) fine.push(name);
    }
    for (const [name, interval] of Object.entries(intervals)) {
      for (let n = 0; n < 5; n += 1) {
        const taken = await interval();
        // A histogram keeps three digits of what it records.
        if (fraction(taken) > 0.001 * Math.max(1, taken)) { fine.push(name); break; }
      }
    }
    if (fraction(performance.timeOrigin) > 1e-6 || /\\.\\d/.test(JSON.stringify(performance))) fine.push("origin");
    return fine.sort();
  }`;

/** Clocks that are finer with the permission on every host. Others depend on its kernel. */
const GRANTED = `bigint builtin call class constructor context cpu dateTime delta denoCpu entry held
  hrtime imported importedContext instant mark measure named namedCpu newContext now required
  requiredContext script since symbols time timerify uptime zoned`.split(/\s+/);

/** Tests that clocks are coarse without the permission `hrtime`, at levels with a boundary. */
export function clockContract(
  name: string,
  open: () => Promise<Engine>,
  { sampled = false } = {},
): void {
  describe(`${name} engine's clocks`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    const chosen = <Item>(items: readonly Item[]): readonly Item[] =>
      sampled ? sample(items) : items;

    async function run(code: string, granted = false) {
      const asked = granted ? { ...job(code), grants: HRTIME } : job(code);
      const outcome = await engine.execute(asked, { profile: ROOMY, timeout: 30_000, ...SHARED });
      expect(outcome).toMatchObject({ status: "ok" });
      return outcome.result;
    }

    it("step by a millisecond without the permission", async () => {
      expect(await run(FINE)).toEqual([]);
    });

    it("step by less with it", async () => {
      const fine = (await run(FINE, true)) as string[];
      expect(fine).toEqual(expect.arrayContaining(GRANTED));
      expect(fine).not.toContain("date");
    });

    it("are as coarse in a worker that code makes, and as fine with the permission", async () => {
      const code = `const inside = \`
          const step = (clock) => { let least = Infinity, last = clock();
            for (let n = 0; n < 20_000; n += 1) { const t = clock(); if (t > last) least = Math.min(least, t - last); last = t; }
            return least < 0.999; };
          postMessage([step(() => performance.now()), step(() => Number(process.hrtime.bigint()) / 1e6),
            step(() => Number(Temporal.Now.instant().epochNanoseconds % 1_000_000_000n) / 1e6),
            step(() => { const t = setTimeout(() => {}, 50); clearTimeout(t); return t._timer._idleStart ?? 0; })]);\`;
        export default () => new Promise((resolve) => {
          const worker = new Worker(URL.createObjectURL(new Blob([inside])), { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
        });`;
      expect(await run(code)).toEqual([false, false, false, false]);
      expect(await run(code, true)).toEqual([true, true, true, true]);
    });

    it.each(
      chosen([
        ["a hook of the loader", `module.registerHooks({})`],
        ["a hook that is imported", `(await import("node:module")).registerHooks({})`],
        [
          "a context that hides its Temporal",
          `(await import("node:vm")).createContext({ Temporal: 1 })`,
        ],
        [
          "a context of a proxy",
          `(await import("node:vm")).runInNewContext("1", new Proxy({}, {}))`,
        ],
      ]),
    )("are not to be had by %s", async (_how, attempt) => {
      const code = `import module from "node:module";
        export default async () => {
          try { ${attempt}; return "reached"; } catch (error) { return error.message; }
        }`;
      expect(await run(code)).toMatch(/needs \{"permissions":\{"hrtime":true\}\}$/);
      expect(await run(code, true)).toBe("reached");
    });

    it.each(
      chosen([
        ["imported", "import { WASI } from 'node:wasi';"],
        ["imported as all", "import * as all from 'wasi'; const { WASI } = all;"],
        [
          "required",
          "import m from 'node:module'; const { WASI } = m.createRequire('file:///x.js')('wasi');",
        ],
        ["loaded", "import { _load } from 'node:module'; const { WASI } = _load('node:wasi');"],
        ["built in", "const { WASI } = process.getBuiltinModule('wasi');"],
      ]),
    )("of WASI that is %s are coarse, and fine with the permission", async (_how, head) => {
      const code = `${head}
        export default () => {
          const wasi = new WASI({ version: "preview1" });
          const own = new WASI.prototype.constructor({ version: "preview1" });
          const memory = new WebAssembly.Memory({ initial: 1 });
          const step = (imports) => {
            const read = (id) => { if (imports.clock_time_get(id, 0n, 8) !== 0) throw new Error("no clock");
              return new DataView(memory.buffer).getBigUint64(8, true); };
            let least = 1n << 60n;
            for (const id of [0, 1]) for (let n = 0, last = read(id); n < 5_000; n += 1) {
              const time = read(id);
              if (time > last && time - last < least) least = time - last;
              last = time;
            }
            return least < 1_000_000n;
          };
          const instance = { exports: { memory } };
          wasi.finalizeBindings(instance); own.finalizeBindings(instance);
          return [step(wasi.wasiImport), step(own.getImportObject().wasi_snapshot_preview1)];
        }`;
      expect(await run(code)).toEqual([false, false]);
      expect(await run(code, true)).toEqual([true, true]);
    });

    it.each(chosen(CLOCK_ATTACKS))("are coarse despite $name", async (attack) => {
      expect(await run(codeOfAttack(attack))).not.toBe("fine");
      // The same code finds a fine clock where there is one. A soak proves it of each.
      if (!sample(CLOCK_ATTACKS).includes(attack)) return;
      expect(await run(codeOfAttack(attack), true)).toBe("fine");
    });

    it("are those of the changed modules in each import", async () => {
      const code = `import { builtinModules } from "node:module";
        export default async () => {
          const originals = [];
          for (const id of builtinModules) {
            const names = await import("node:" + id.replace("node:", "")).catch(() => ({}));
            const object = process.getBuiltinModule(id);
            for (const name of Object.keys(names)) {
              if (object && name !== "default" && Object.hasOwn(object, name) && typeof object[name] === "function" && names[name] !== object[name]) originals.push(id + "." + name);
            }
          }
          return originals;
        }`;
      // Aliases within the runtime, and the console, whose clock is performance.now().
      const same = /^(assert\/strict|path|console)\./;
      const found = (await run(code)) as string[];
      expect(found.filter((name) => !same.test(name))).toEqual([]);
    });

    it.each([false, true])("do not cost the walls around modules, granted: %s", async (granted) => {
      const code = `import module from "node:module";
        import * as processes from "node:process";
        import vm from "node:vm";
        import v8, { setFlagsFromString } from "node:v8";
        const tried = (action) => { try { return action(); } catch (error) { return error.message; } };
        const loaded = (name) => Object.keys(module._load(name)).length;
        export default async () => {
          const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
          const filename = import.meta.resolve("node:module");
          const script = new vm.Script("import('node:module')", { filename, importModuleDynamically });
          const original = await script.runInThisContext();
          const resolve = module._resolveFilename;
          const resolved = (name) => {
            module._resolveFilename = () => name;
            try { return loaded("something"); } finally { module._resolveFilename = resolve; }
          };
          return [
            tried(() => Object.keys(original._load("internal/util")).length),
            tried(() => resolved("internal/util")),
            tried(() => resolved("node:internal/util")),
            tried(() => setFlagsFromString("--expose-gc")),
            tried(() => v8.setFlagsFromString("--allow-natives-syntax")),
            typeof processes.dlopen,
          ];
        }`;
      expect(await run(code, granted)).toEqual([
        "Cannot find module 'internal/util'",
        "Cannot find module 'internal/util'",
        "Cannot find module 'node:internal/util'",
        "Code may not set flags of V8",
        "Code may not set flags of V8",
        "undefined",
      ]);
    });

    it("of the collector of garbage are coarse, and fine with the permission", async () => {
      const code = `import { GCProfiler } from "node:v8";
        export default () => {
          const profiler = new GCProfiler();
          profiler.start();
          const kept = [];
          for (let n = 0; n < 300_000; n += 1) kept[n % 1_000] = { n, text: "x" + n };
          const { statistics } = profiler.stop();
          return [statistics.length > 0, statistics.some(({ cost }) => cost % 1_000_000 !== 0)];
        }`;
      expect(await run(code)).toEqual([true, false]);
      expect(await run(code, true)).toEqual([true, true]);
    });

    it("do not lead to the runtime's own modules, with the hooks that come with them", async () => {
      const code = `import module from "node:module";
        const name = "node:internal/test/binding";
        module.registerHooks({
          resolve: (asked, context, next) =>
            asked === "hooked" ? { url: name, shortCircuit: true } : next(asked, context),
        });
        export default () => {
          try { return Reflect.ownKeys(module.createRequire("file:///x.js")("hooked")).length; }
          catch { return 0; }
        }`;
      expect(await run(code, true)).toBe(0);
    });

    it("stay coarse when code has replaced built-ins", async () => {
      const code = `Math.floor = (x) => x; Reflect.apply = () => 0.5; Function.prototype.call = () => 0.5;
        Date.now = () => 0.25; Object.defineProperty = () => {};
        export default () => { for (let n = 0; n < 100; n += 1) if (performance.now() % 1) return "fine";
          return Number(Temporal.Now.instant().epochNanoseconds % 1_000_000n); }`;
      expect(await run(code)).toBe(0);
    });
  });
}
