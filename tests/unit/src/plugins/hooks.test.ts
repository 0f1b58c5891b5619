/** Tests what functions tapped into hooks may return and throw, and the processes they see. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BadRequest, PluginError } from "../../../../src/base/errors.ts";
import { config } from "../../../../src/config/config.ts";
import { PooledEngine } from "../../../../src/engines/run/pooled-engine.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { ChannelPlugin } from "../../../../src/plugins/channel.ts";
import { GuardPlugin } from "../../../../src/plugins/guard.ts";
import { LoaderPlugin } from "../../../../src/plugins/loader.ts";
import { LoggerPlugin } from "../../../../src/plugins/logger.ts";
import { PermissionPlugin } from "../../../../src/plugins/permission.ts";
import type {
  Context,
  ExecuteTap,
  IsolatePlugin,
  PluginApi,
  Process,
} from "../../../../src/plugins/plugin.ts";
import { ClusterPlugin, SandboxPlugin } from "../../../../src/plugins/sandbox.ts";
import { ToolsetPlugin } from "../../../../src/plugins/toolset.ts";
import type { LogEntry, Output } from "../../../../src/request/types.ts";
import { CONTRACT_POOL, until } from "../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import { ThreadLauncher } from "../../../fakes/thread-launcher.ts";

const code = "export default () => 1";
const USED = { queued: 4, cpu: 3, peakMemory: 10, bytesOut: 1, egressBytes: 2, channelDropped: 1 };

const plugin = (setup: IsolatePlugin["setup"], name = "mine"): IsolatePlugin => ({ name, setup });
const wrapping = (...taps: ExecuteTap[]): IsolatePlugin =>
  plugin((api) => {
    for (const tap of taps) api.onExecute.tap(tap);
  });

function kernelWith(plugins: readonly unknown[], engine = new RecordingEngine("container")) {
  const kernel = new Kernel({
    config: config(),
    engines: [engine],
    plugins: plugins as IsolatePlugin[],
  });
  return { kernel, engine };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> => work.then(String, (error) => error);

describe("onExecute", () => {
  it.each<[string, ExecuteTap]>([
    ["its context", async (context) => context],
    ["a copy of it", (context) => ({ ...context })],
    ["nothing", () => {}],
    ["null", () => null as unknown as undefined],
    ["its context after next()", (context, next) => next().then(() => context)],
    ["nothing after next()", async (_context, next) => void (await next())],
    ["what next() gives", (_context, next) => next()],
  ])("that returns %s goes on, once", async (_what, tap) => {
    const engine = new RecordingEngine("container", () => ({ result: 7 }));
    const { kernel } = kernelWith([wrapping(tap, tap)], engine);
    expect(await kernel.execute({ code })).toMatchObject({ ok: true, result: 7 });
    expect(engine.jobs).toHaveLength(1);
  });

  it("that returns an output answers with it, and nothing runs", async () => {
    const output = { ok: true, result: "cached", duration: 0 } as Output;
    const { kernel, engine } = kernelWith([wrapping(async () => output)]);
    expect(await kernel.execute({ code })).toMatchObject({ ok: true, result: "cached" });
    expect(engine.jobs).toEqual([]);
  });

  it.each<[string, ExecuteTap]>([
    ["returns", (context) => ({ ...context, input: "[1]" })],
    ["gives to next()", (context, next) => next({ ...context, input: "[1]" })],
  ])("that %s a changed context changes what later ones and the job see", async (_what, tap) => {
    const seen: unknown[] = [];
    const later: ExecuteTap = ({ input }) => void seen.push(input);
    const { kernel, engine } = kernelWith([wrapping(tap, later)]);
    await kernel.execute({ code, input: 0 });
    expect([seen, engine.jobs[0]?.job.input]).toEqual([["[1]"], "[1]"]);
  });

  it.each([[7], ["text"], [{}], [{ request: {} }]])(
    "that returns %j fails the execution by its name",
    async (answer) => {
      const { kernel, engine } = kernelWith([wrapping(() => answer as unknown as undefined)]);
      const failure = await failureOf(kernel.execute({ code }));
      expect(failure).toBeInstanceOf(PluginError);
      expect(failure).toMatchObject({ plugin: "mine", message: 'Plugin "mine" failed' });
      expect(engine.jobs).toEqual([]);
    },
  );

  it("that runs the job twice is charged for both", async () => {
    const engine = new RecordingEngine("container", () => ({ usage: USED }));
    const twice = wrapping(async (_context, next) => {
      await next();
      return next();
    });
    const { usage } = await kernelWith([twice], engine).kernel.execute({ code });
    expect(usage).toMatchObject({
      queued: 8,
      cpu: 6,
      peakMemory: 10,
      bytesOut: 2,
      egressBytes: 4,
      channelDropped: 2,
    });
  });
});

describe("the logger that a plugin offers", () => {
  const entry = (message: string): LogEntry => ({ level: "log", message, timestamp: 0 });
  const noisy = () =>
    new RecordingEngine("container", (_job, { observer }) => {
      const logs = ["a", "secret", "b"].map(entry);
      for (const each of logs) observer?.onLog?.(each);
      return { logs };
    });
  const offering = (filter: (logs: readonly LogEntry[]) => LogEntry[]): IsolatePlugin =>
    plugin((api) => api.onLogger.tap(() => ({ filter })));
  const withoutSecrets = (logs: readonly LogEntry[]) =>
    logs.filter(({ message }) => message !== "secret");

  it("decides the entries of the answer, and those that are streamed", async () => {
    const { kernel } = kernelWith([offering(withoutSecrets)], noisy());
    const streamed: string[] = [];
    const observer = { onLog: ({ message }: LogEntry) => void streamed.push(message) };
    const { logs, logsDropped } = await kernel.execute({ code }, { observer });
    expect([logs?.map(({ message }) => message), logsDropped]).toEqual([["a", "b"], 1]);
    expect(streamed).toEqual(["a", "b"]);
  });

  it("is told the limits of the host and the tenant", async () => {
    const options: unknown[] = [];
    const filter = (logs: readonly LogEntry[], limits?: object) => {
      options.push(limits);
      return [...logs];
    };
    const { kernel } = kernelWith([offering(filter)], noisy());
    await kernel.execute({ code }, { tenant: { id: "acme", logEntries: 5 } });
    expect(options).toEqual([{ minLevel: "log", maxEntries: 5 }]);
  });

  it.each<[string, () => LogEntry[]]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["returns no list", () => "all" as unknown as LogEntry[]],
  ])("and %s fails the execution by the plugin's name", async (_what, filter) => {
    const { kernel } = kernelWith([offering(filter)], noisy());
    const streamed = vi.fn();
    const execution = kernel.execute({ code }, { observer: { onLog: streamed } });
    expect(await failureOf(execution)).toMatchObject({ plugin: "mine" });
    expect(streamed).not.toHaveBeenCalled();
  });

  it("and cannot be made fails the execution by the plugin's name", async () => {
    const broken = plugin((api) => {
      api.onLogger.tap(() => {
        throw new Error("no");
      });
    });
    const { kernel } = kernelWith([broken], noisy());
    expect(await failureOf(kernel.execute({ code }))).toMatchObject({ plugin: "mine" });
  });
});

describe("a plugin's setup", () => {
  it("that throws is refused by its name", () => {
    const broken = plugin(() => {
      throw new Error("no file");
    });
    expect(() => kernelWith([broken])).toThrow('Plugin "mine" failed in its setup: no file');
  });

  it("that is asynchronous is waited for", async () => {
    const late = plugin(async (api) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      api.onFormat.tap((output) => ({ ...output, result: "late" }));
    });
    expect(await kernelWith([late]).kernel.execute({ code })).toMatchObject({ result: "late" });
  });

  it("that rejects fails executions by its name, and not the process", async () => {
    const { kernel } = kernelWith([plugin(async () => Promise.reject(new Error("no file")))]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const work of [kernel.execute({ code }), kernel.plan({ code })]) {
      expect(await failureOf(work)).toMatchObject({
        plugin: "mine",
        cause: { message: "no file" },
      });
    }
  });

  it.each([
    [null, "plugins[0] is no plugin: it has no name"],
    [{ setup() {} }, "plugins[0] is no plugin: it has no name"],
    [{ name: "x" }, 'plugins[0] is no plugin: "x" has no function "setup"'],
  ])("that is missing is refused: %j", (given, message) => {
    expect(() => kernelWith([given])).toThrow(message);
  });
});

describe("built-in plugins that are named again", () => {
  const all = [
    GuardPlugin,
    ToolsetPlugin,
    LoaderPlugin,
    PermissionPlugin,
    SandboxPlugin,
    ChannelPlugin,
    ClusterPlugin,
    LoggerPlugin,
  ];

  it("add nothing", async () => {
    const { kernel, engine } = kernelWith([...all, ...all.toReversed()]);
    expect(await kernel.execute({ code, tools: ["channel"] })).toMatchObject({ ok: true });
    expect(engine.jobs).toHaveLength(1);
  });

  it.each([
    [[SandboxPlugin, ClusterPlugin], undefined, true],
    [[ClusterPlugin], undefined, true],
    [[GuardPlugin, LoaderPlugin], undefined, true],
    [[SandboxPlugin], undefined, false],
    [[SandboxPlugin], true, true],
    [[SandboxPlugin, ClusterPlugin], false, false],
  ])("decide on warm sandboxes unless useCluster does", (plugins, useCluster, warm) => {
    const engine = new RecordingEngine("container");
    new Kernel({ config: config(), engines: [engine], plugins, useCluster });
    expect(engine.prewarmed).toBe(warm);
  });

  it("do not stand for others of their names", () => {
    expect(() => kernelWith([{ ...SandboxPlugin }])).toThrow('Two plugins are named "sandbox"');
  });
});

describe("processes", () => {
  let directory: string;
  let kernel: Kernel;
  let engine: PooledEngine;
  let api: PluginApi;
  const started: Process[] = [];
  let own: ExecuteTap = () => {};
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const launcher = await ThreadLauncher.create(directory);
    engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
    const eye = plugin((given) => {
      api = given;
      api.onSpawn.tap((process) => void started.push(process));
      api.onExecute.tap((context, next) => own(context, next));
    });
    const settings = config({ memory: 128, sandbox: "isolated", timeout: 5_000 });
    kernel = new Kernel({ config: settings, engines: [engine], plugins: [eye] });
  });
  afterAll(async () => {
    await kernel.close();
    await rm(directory, { recursive: true });
  });
  const using = async <T>(tap: ExecuteTap, work: () => Promise<T>): Promise<T> => {
    own = tap;
    return work().finally(() => {
      own = () => {};
    });
  };
  const spawned = async (context: Context): Promise<Output> => {
    const { spawn, runner } = api.onWorker.call();
    return runner(await spawn(context), context.request.timeout)(context);
  };

  it("are told with id, level and profile, and end when they are killed", async () => {
    await until(() => engine.status().warm > 0);
    const [first] = started;
    expect(first).toMatchObject({ level: "isolated", profile: { memory: 128 } });
    expect(first?.id).toEqual(expect.any(String));
    const before = started.length;
    const kills = started.map(({ kill }) => kill());
    // None that is being killed is handed out.
    expect(await kernel.execute({ code })).toMatchObject({ ok: true, result: 1 });
    await Promise.all(kills);
    expect(started.length).toBeGreaterThan(before);
  });

  it("run what a plugin gives them, and end with it", async () => {
    const answer = () =>
      kernel.execute({
        code: "export default (x) => { console.log('hi'); return x + 1 }",
        input: 1,
      });
    const onGranted = vi.fn();
    const output = await using(spawned, answer);
    expect(output).toMatchObject({ ok: true, result: 2, logs: [{ message: "hi" }] });
    await using(spawned, () => kernel.execute({ code, tools: ["crypto"] }, { onGranted }));
    expect(onGranted.mock.calls).toMatchObject([[{ level: "isolated", tools: ["crypto"] }]]);
    await until(() => engine.status().leased === 0);
  });

  it("have the timeout of their runner", async () => {
    const endless = "export default () => new Promise(() => setInterval(() => {}, 1_000))";
    const brief: ExecuteTap = async (context) => {
      const { spawn, runner } = api.onWorker.call();
      return runner(await spawn(context), 50)(context);
    };
    const output = await using(brief, () => kernel.execute({ code: endless }));
    expect(output).toMatchObject({ ok: false, outcome: "timeout" });
  });

  it("are given back by kill(), and run nothing afterwards", async () => {
    const { spawn, runner } = api.onWorker.call();
    // A sandbox is ended after its answer.
    await until(() => engine.status().leased === 0);
    const process = await spawn();
    expect(engine.status().leased).toBe(1);
    await process.kill();
    await process.kill();
    expect(engine.status().leased).toBe(0);
    const late: ExecuteTap = (context) => runner(process, 1_000)(context);
    expect(await failureOf(using(late, () => kernel.execute({ code })))).toMatchObject({
      plugin: "mine",
      cause: { message: "The process has run a job already, or was killed" },
    });
  });

  it("that end before they have run anything are given back by themselves", async () => {
    const { id } = await api.onWorker.call().spawn();
    await started.find((process) => process.id === id)?.kill();
    await until(() => engine.status().leased === 0);
  });

  it("of another size than the execution's are refused", async () => {
    const { spawn, runner } = api.onWorker.call();
    const process = await spawn();
    const wrong: ExecuteTap = (context) => runner(process, 1_000)(context);
    const failure = await failureOf(using(wrong, () => kernel.execute({ code, memory: 256 })));
    const message = "The execution needs a process of 256MB/1cpu, and this one has 128MB/1cpu";
    expect(failure).toMatchObject({ plugin: "mine", cause: { message } });
    await process.kill();
  });

  it("of a level that is not there are refused", async () => {
    await expect(api.onWorker.call().spawn({ level: "none" })).rejects.toBeInstanceOf(BadRequest);
  });
});
