import { describe, expect, it, vi } from "vitest";
import { PluginError } from "../../../../src/base/errors.ts";
import { config, type PartialConfig } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { ApiHook } from "../../../../src/plugins/hooks.ts";
import type { IsolatePlugin, PluginApi } from "../../../../src/plugins/plugin.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const code = "export default () => 1";

function kernelWith(
  plugins: readonly IsolatePlugin[],
  engine = new RecordingEngine("container"),
  partial: PartialConfig = {},
): Kernel {
  return new Kernel({ config: config(partial), engines: [engine], plugins });
}

const plugin = (name: string, required: string[], setup: (api: PluginApi) => void = () => {}) => ({
  name,
  required,
  setup,
});

/** Returns the API that a plugin behind these gets. */
function apiOf(required: string[], engine?: RecordingEngine, partial?: PartialConfig): PluginApi {
  let api: PluginApi | undefined;
  kernelWith([plugin("curious", required, (given) => (api = given))], engine, partial);
  if (api === undefined) throw new Error("It was not set up");
  return api;
}

describe("plugins", () => {
  it("are set up after those they require, the built-in ones in their published order", () => {
    const seen: string[] = [];
    const mark = (name: string, required: string[]): IsolatePlugin =>
      plugin(name, required, () => seen.push(name));
    kernelWith([mark("last", ["first"]), mark("first", ["logger", "cluster"]), mark("free", [])]);
    expect(seen).toEqual(["first", "last", "free"]);
  });

  it.each([
    ["a requirement that is missing", [plugin("a", ["nope"])], 'Plugin "a" requires "nope"'],
    ["a circle", [plugin("a", ["b"]), plugin("b", ["a"])], "circle: a → b → a"],
    ["itself as a requirement", [plugin("a", ["a"])], "circle: a → a"],
    ["a name used twice", [plugin("guard", [])], 'Two plugins are named "guard"'],
  ])("with %s are refused by name", (_what, plugins, message) => {
    expect(() => kernelWith(plugins)).toThrow(message);
  });

  it("run their hooks in the order validate, load, execute, format", async () => {
    const seen: string[] = [];
    const kernel = kernelWith([
      plugin("eye", [], (api) => {
        api.onFormat.tap(() => void seen.push("format"));
        api.onExecute.tap(async (_context, next) => {
          seen.push("before");
          const output = await next();
          seen.push("after");
          return output;
        });
        api.onLoad.tap(() => void seen.push("load"));
        api.onValidate.tap(() => void seen.push("validate"));
      }),
    ]);
    await kernel.execute({ code });
    expect(seen).toEqual(["validate", "load", "before", "after", "format"]);
  });

  it.each(["onValidate", "onLoad", "onExecute", "onFormat"] as const)(
    "that throw in %s fail that execution by name, and no other",
    async (hook) => {
      let broken = true;
      const cause = new Error("secret detail");
      const kernel = kernelWith([
        plugin("faulty", ["guard"], (api) => {
          // The hooks differ in their values. Each may return its value unchanged.
          const tap = api[hook].tap as (each: (value: unknown, next: unknown) => unknown) => void;
          tap((_value, next) => {
            if (broken) throw cause;
            return typeof next === "function" ? next() : undefined;
          });
        }),
      ]);
      const failure: unknown = await kernel.execute({ code }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(PluginError);
      expect(failure).toMatchObject({ message: 'Plugin "faulty" failed', cause });
      broken = false;
      expect(await kernel.execute({ code })).toMatchObject({ ok: true });
    },
  );

  it("that wrap an execution do not answer for what it throws", async () => {
    const broken = new RecordingEngine("container", () => {
      throw new RangeError("the engine's own");
    });
    const wrapper = plugin("wrapper", [], (api) => {
      api.onExecute.tap(async (_context, next) => next());
    });
    const failure: unknown = await kernelWith([wrapper], broken)
      .execute({ code })
      .catch((e) => e);
    expect(failure).toBeInstanceOf(RangeError);
  });

  it("that throw in onSpawn disturb nobody", async () => {
    const engine = new RecordingEngine("container");
    const faulty = plugin("faulty", [], (api) => {
      api.onSpawn.tap(() => {
        throw new Error("No eyes");
      });
    });
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    kernelWith([faulty], engine);
    const profile = { memory: 1, cpus: 1 };
    const spawn = { id: "1", level: "container" as const, profile, kill: async () => {} };
    expect(() => engine.spawnListeners[0]?.(spawn)).not.toThrow();
    await vi.waitFor(() => expect(complaint).toHaveBeenCalledOnce());
    complaint.mockRestore();
  });

  it("find the engines of the host", () => {
    const engine = new RecordingEngine("container");
    const { onWorker } = apiOf(["sandbox"], engine);
    expect(onWorker.call().engines).toEqual([engine]);
    expect(onWorker.call().engine("container")).toBe(engine);
    expect(() => onWorker.call().engine("isolated")).toThrow("containers only");
    expect(() => onWorker.call().engine("none")).toThrow("trusted code in a library");
  });

  it("find tools by their names, within what the tenant has", () => {
    const { onToolset } = apiOf(["toolset"], undefined, { tenants: true });
    const { resolve } = onToolset.call();
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    expect(names(resolve(["crypto", "channel", "crypto"]))).toEqual(["crypto", "channel"]);
    expect(() => resolve(["crypto", "nope"])).toThrow("nope");
    expect(() => resolve(["db"])).toThrow("database");
    const acme = { id: "acme", database: "postgres://u:p@db.example/acme" };
    expect(names(resolve(["db"], "container", acme))).toEqual(["database"]);
  });

  it("cut logs as the logger does, and keep exceptions", () => {
    const { filter } = apiOf(["logger"]).onLogger.call();
    const logs = (["log", "warn", "exception", "warn"] as const).map((level, timestamp) => ({
      level,
      message: "",
      timestamp,
    }));
    const kept = (limits?: Parameters<typeof filter>[1]) =>
      filter(logs, limits).map(({ timestamp }) => timestamp);
    expect(kept()).toEqual([0, 1, 2, 3]);
    expect(kept({ minLevel: "warn" })).toEqual([1, 2, 3]);
    expect(kept({ minLevel: "warn", maxEntries: 1 })).toEqual([1, 2]);
  });

  it("find what the last plugin offers, and nothing before any does", () => {
    const found: unknown[] = [];
    const look = (api: PluginApi) => void found.push(api.onLogger.call().filter([]));
    const early = plugin("early", [], look);
    const other = plugin("other", ["logger"], (api) => {
      api.onLogger.tap(() => ({ filter: () => [{ level: "log", message: "mine", timestamp: 0 }] }));
    });
    kernelWith([early, other, plugin("late", ["other"], look)]);
    expect(found).toEqual([[], [{ level: "log", message: "mine", timestamp: 0 }]]);
    expect(() => new ApiHook("onLogger").call()).toThrow('No plugin offers "onLogger" yet');
  });

  it("that return nothing leave a value to those after them", async () => {
    const kernel = kernelWith([
      plugin("first", [], (api) => {
        api.onFormat.tap((output) => ({ ...output, result: "first" }));
      }),
      plugin("silent", [], (api) => api.onFormat.tap(async () => {})),
      plugin("last", [], (api) => {
        api.onFormat.tap((output) => ({ ...output, result: `${output.result}, last` }));
      }),
    ]);
    expect(await kernel.execute({ code })).toMatchObject({ result: "first, last" });
  });

  it("keep sandboxes warm only if there is a cluster", () => {
    const engines = [new RecordingEngine("container")];
    new Kernel({ config: config(), engines, useCluster: false });
    expect(engines[0]?.prewarmed).toBe(false);
    new Kernel({ config: config(), engines });
    expect(engines[0]?.prewarmed).toBe(true);
  });
});

describe("the logger", () => {
  const entry = (level: "log" | "warn" | "exception", message: string) => ({
    level,
    message,
    timestamp: 0,
  });
  const logs = [entry("log", "a"), entry("warn", "b"), entry("warn", "c"), entry("exception", "d")];
  const noisy = () => new RecordingEngine("container", () => ({ logs, logsDropped: 2 }));

  it.each([
    [{ minLevel: "warn" as const }, "bcd", 3],
    [{ maxEntries: 1 }, "ad", 4],
    [{ minLevel: "exception" as const }, "d", 5],
  ])("with %j keeps %s and counts the rest", async (logger, kept, dropped) => {
    const output = await kernelWith([], noisy(), { logger }).execute({ code });
    expect(output.logs?.map(({ message }) => message).join("")).toBe(kept);
    expect(output.logsDropped).toBe(dropped);
  });

  it("writes an audit record of each execution when asked to", async () => {
    const lines = vi.spyOn(console, "log").mockImplementation(() => {});
    const kernel = kernelWith([], new RecordingEngine("container"), { audit: true });
    await kernel.execute({ code, tools: ["crypto"] }, { tenant: { id: "acme" }, id: "an-id" });
    const [line] = lines.mock.calls[0] as [string];
    lines.mockRestore();
    expect(line).toMatch(
      /^\[Audit\] \{"tools":\["crypto"\],"permissions":\{.*\},"duration":0,"id":"an-id","tenant":"acme","outcome":"ok"\}$/,
    );
  });
});
