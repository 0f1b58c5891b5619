/**
 * Tests the list of built-in steps: its order, and its statements on the context against each
 * step's work.
 */
import { describe, expect, it } from "vitest";
import { config } from "../../../../src/config/config.ts";
import { emptyContext } from "../../../../src/kernel/empty-context.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { builtInSteps, type ContextAccess, type Step } from "../../../../src/kernel/steps.ts";
import { PackageBuilds } from "../../../../src/packages/builds/package-builds.ts";
import type { PackageSource } from "../../../../src/packages/types.ts";
import { ApiHook } from "../../../../src/plugins/hooks.ts";
import { PackageService } from "../../../../src/plugins/package-service.ts";
import type {
  Context,
  Factory,
  IsolatePlugin,
  Logger,
  PluginApi,
  Toolset,
} from "../../../../src/plugins/plugin.ts";
import { RunAccount } from "../../../../src/plugins/run-account.ts";
import { SOLE_TENANT } from "../../../../src/request/tenant.ts";
import type { ExecuteRequest, Output, ValidRequest } from "../../../../src/request/types.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const settings = config({
  mounts: { "/data": "/srv/data" },
  db: { url: "postgres://u:p@db.example/app" },
});
const engines = [new RecordingEngine("container")];
const echo = { tool: { name: "echo", setup: () => {} }, source: "/echo.ts", module: "text" };

/** Packages of a registry that is never asked. */
const packages = new PackageService({
  builds: new PackageBuilds({ source: {} as PackageSource }),
  config: {},
});

const REQUESTS: readonly ExecuteRequest[] = [
  { code: "1" },
  { code: "1", input: { a: 1 }, tools: ["channel", "crypto", "database", "echo"], explain: true },
  { code: "1", dependencies: { zod: "^4" } },
  { code: "1", files: { a: "" }, artifacts: ["*"] },
  { code: "1", permissions: { net: ["example.com"], read: ["/data"], env: ["NOPE"] } },
];

/**
 * Makes a context that records which of its fields are read. Copying all of them does not count.
 */
function watched(context: Context, seen: Set<string>): Context {
  let copied: PropertyKey | undefined;
  return new Proxy(context, {
    // A spread reads the property's descriptor right before its value.
    getOwnPropertyDescriptor(target, key) {
      copied = key;
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    get(target, key) {
      if (key !== copied) seen.add(String(key));
      copied = undefined;
      return Reflect.get(target, key);
    },
  });
}

class Access implements ContextAccess {
  readonly seen = new Set<string>();
  readonly changed = new Set<string>();

  get reads(): (keyof Context)[] {
    return [...this.seen].sort() as (keyof Context)[];
  }

  get writes(): (keyof Context)[] {
    return [...this.changed].sort() as (keyof Context)[];
  }
}

/** Runs the steps one after the other. Returns each one's use of the context, by hook and name. */
async function run(steps: readonly Step[]): Promise<ReadonlyMap<string, Access>> {
  const accesses = new Map<string, Access>();
  const validate: Parameters<PluginApi["onValidate"]["tap"]>[0][] = [];
  const load: [string, Parameters<PluginApi["onLoad"]["tap"]>[0]][] = [];
  const format: [string, Parameters<PluginApi["onFormat"]["tap"]>[0]][] = [];
  const shared = {
    config: settings,
    host: { engines, tools: [echo], packages },
    onWorker: new ApiHook<Factory>("onWorker"),
    onToolset: new ApiHook<Toolset>("onToolset"),
    onLogger: new ApiHook<Logger>("onLogger"),
  };
  const none = { tap: () => expect.unreachable("No built-in step has this hook") };
  for (const { plugin } of steps) {
    const at = (hook: string): string => {
      accesses.set(`${hook} ${plugin.name}`, new Access());
      return `${hook} ${plugin.name}`;
    };
    plugin.setup({
      ...shared,
      onSpawn: none,
      onExecute: none,
      onValidate: { tap: (each) => void validate.push(each) },
      onLoad: { tap: (each) => void load.push([at("onLoad"), each]) },
      onFormat: { tap: (each) => void format.push([at("onFormat"), each]) },
    });
  }
  for (const asked of REQUESTS) {
    const [check] = validate;
    const request = (await check?.(asked, SOLE_TENANT)) as ValidRequest;
    const observer = { onLog: () => {} };
    const account = new RunAccount();
    const rest = { tenant: SOLE_TENANT, observer, exchange: undefined, signal: undefined, account };
    let context = emptyContext(request, rest);
    for (const [name, each] of load) {
      const { seen, changed } = accesses.get(name) ?? new Access();
      const loaded = await each(watched(context, seen), undefined);
      if (!loaded) continue;
      for (const key of Object.keys(loaded) as (keyof Context)[]) {
        if (loaded[key] !== context[key]) changed.add(key);
      }
      context = loaded;
    }
    let output = { ok: true, outcome: "ok", logs: [], duration: 0 } as unknown as Output;
    for (const [name, each] of format) {
      const { seen } = accesses.get(name) ?? new Access();
      output = (await each(output, watched(context, seen))) ?? output;
    }
  }
  return accesses;
}

const steps = builtInSteps();

describe("the built-in steps", () => {
  it("run in the order of the list, and other plugins behind them", async () => {
    const names = ["guard", "toolset", "packages", "loader", "permission", "sandbox"];
    names.push("channel", "cluster", "logger");
    expect(steps.map(({ plugin }) => plugin.name)).toEqual(names);
    const seen: string[] = [];
    const spy = (name: string, required: string[]): IsolatePlugin => ({
      name,
      required,
      setup: (api) => void api.onLoad.tap(({ channel }) => void seen.push(`${name} ${!!channel}`)),
    });
    const plugins = [spy("behind", []), spy("last", ["behind"])];
    const kernel = new Kernel({ config: settings, engines, plugins });
    await kernel.execute({ code: "1", tools: ["channel"] });
    expect(seen).toEqual(["behind true", "last true"]);
  });

  it("look at and change what the list says of the context, and nothing else", async () => {
    const done = await run(steps);
    const said = steps.flatMap(({ plugin, onLoad, onFormat }) => [
      ...(onLoad ? [[`onLoad ${plugin.name}`, onLoad] as const] : []),
      ...(onFormat ? [[`onFormat ${plugin.name}`, onFormat] as const] : []),
    ]);
    const listed = said.map(([name, { reads, writes = [] }]) => [
      name,
      { reads: [...reads].sort(), writes: [...writes].sort() },
    ]);
    const found = [...done].map(([name, { reads, writes }]) => [name, { reads, writes }]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(listed));
  });

  it("leave warm sandboxes out without a cluster", () => {
    const names = builtInSteps({ useCluster: false }).map(({ plugin }) => plugin.name);
    expect(names).not.toContain("cluster");
  });
});
