/** Tests plugins, tools and settings of the library by the modules of the package, at `isolated`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { config } from "../../src/public/config.ts";
import { create } from "../../src/public/kernel.ts";
import { ClusterPlugin, SandboxPlugin } from "../../src/public/plugins.ts";
import { build } from "../../src/public/tools.ts";
import type {
  Isolate,
  IsolateOptions,
  IsolatePlugin,
  PluginApi,
  Process,
} from "../../src/public/types.ts";

const double = { code: "export default (x) => x * 2", input: 21 };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function using<T>(options: IsolateOptions, work: (isolate: Isolate) => Promise<T>) {
  const isolate = await create({ runDirectory: directory, ...options });
  return work(isolate).finally(() => isolate.close());
}

describe("plugins", () => {
  const started: Process[] = [];
  let isolate: Isolate;
  let api: PluginApi;
  let broken = false;
  const mine: IsolatePlugin = {
    name: "mine",
    required: ["guard", "logger"],
    async setup(given) {
      api = given;
      const { filter } = api.onLogger.call();
      api.onLogger.tap(() => ({
        filter: (logs) => filter(logs, { minLevel: "warn", maxEntries: 1 }),
      }));
      api.onSpawn.tap((process) => void started.push(process));
      api.onExecute.tap(async (context) => {
        if (broken) throw new Error("no luck");
        return context;
      });
    },
  };
  const alone: IsolatePlugin = {
    name: "alone",
    setup(given) {
      given.onExecute.tap(async (context) => {
        if (context.request.entry !== "alone") return;
        const { spawn, runner } = given.onWorker.call();
        return runner(await spawn(context), 5_000)(context);
      });
    },
  };
  beforeAll(async () => {
    isolate = await create({
      runDirectory: directory,
      config: config({ sandbox: "isolated", timeout: 20_000, cluster: { min: 1, max: 3 } }),
      plugins: [SandboxPlugin, ClusterPlugin, mine, alone],
    });
  });
  afterAll(() => isolate.close());

  it("go on, and filter the logs of the answer", async () => {
    const code =
      "export default (x) => { console.log('a'); console.warn('b'); console.error('c'); return x * 2 }";
    expect(await isolate.execute({ code, input: 21 })).toMatchObject({
      ok: true,
      result: 42,
      logs: [{ level: "warn", message: "b" }],
      logsDropped: 2,
    });
  });

  it("run executions in processes of their own", async () => {
    const code = "export const alone = (x) => x * 2";
    const output = await isolate.execute({ code, input: 21, entry: "alone" });
    expect(output).toMatchObject({ ok: true, outcome: "ok", result: 42 });
    expect(output.usage.bytesOut).toBeGreaterThan(0);
  });

  it("end the process of a run, which is that run's failure alone", async () => {
    const code = "export default () => new Promise((resolve) => setTimeout(resolve, 60_000))";
    const leased = () => api.onWorker.call().engines.map((engine) => engine.status().leased);
    // A sandbox is ended after its answer, so those of earlier runs may be leased still.
    await vi.waitFor(() => expect(leased()).toEqual([0]), 15_000);
    const output = isolate.execute({ code });
    await vi.waitFor(() => expect(leased()).toEqual([1]), 15_000);
    await Promise.all(started.map(({ kill }) => kill()));
    expect(await output).toMatchObject({ ok: false, outcome: "crash" });
    expect(await isolate.execute(double)).toMatchObject({ ok: true, result: 42 });
  });

  it("that throw fail their execution by name, and no other", async () => {
    broken = true;
    const failing = isolate.execute(double);
    await expect(failing).rejects.toMatchObject({ message: 'Plugin "mine" failed', status: 500 });
    broken = false;
    expect(await isolate.execute(double)).toMatchObject({ ok: true, result: 42 });
  });
});

describe("a tool's permissions", () => {
  let server: Server;
  let port: number;
  let tool: string;
  beforeAll(async () => {
    server = createServer((socket) => socket.on("error", () => {}).end("!"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
    tool = join(directory, "dial.ts");
    const source = `
      import { parse } from "isolate/permissions/parser";
      import { inject } from "isolate/common";
      import type { Tool } from "isolate/types";
      export function dial(): Tool {
        return {
          name: "dial",
          description: "The first byte that a port of this machine says",
          permissions: ({ config }) => ({ net: [parse(config.DATABASE_URL)] }),
          setup: (globals) => inject(globals, "dial", async (port: number) => {
            const connection = await Deno.connect({ hostname: "127.0.0.1", port });
            const byte = new Uint8Array(1);
            await connection.read(byte);
            connection.close();
            return String.fromCharCode(byte[0]);
          }),
        };
      }`;
    await writeFile(tool, source);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it("open the host of DATABASE_URL, and no other", async () => {
    const options = {
      config: { db: { url: `postgres://app:secret@127.0.0.1:${port}/shop` }, timeout: 20_000 },
      tools: [...build(), tool],
    };
    await using(options, async (isolate) => {
      const code = "export default (port) => dial(port)";
      const request = { code, tools: ["dial"], explain: true };
      const output = await isolate.execute({ ...request, input: port });
      expect(output).toMatchObject({ ok: true, result: "!" });
      expect(output.plan?.worker.net).toEqual([`127.0.0.1:${port}`]);
      expect(JSON.stringify(output.plan)).not.toContain("secret");
      const { error } = await isolate.execute({ ...request, input: 9 });
      expect(error?.message).toContain('Requires net access to "127.0.0.1:9"');
    });
  });
});

describe("STRICT_MODE", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const warned = async (options: IsolateOptions): Promise<string[] | undefined> => {
    vi.stubEnv("STRICT_MODE", "true");
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const request = { ...double, permissions: { net: ["localhost:5432"] } };
    const all = { useCluster: false, ...options };
    const { warnings } = await using(all, (isolate) => isolate.execute(request));
    return warnings?.filter((warning) => warning.startsWith("[Strict]"));
  };

  it.each([
    ["without settings", undefined, ["[Strict] Local host access detected"]],
    ["with those of config()", {}, ["[Strict] Local host access detected"]],
    ["unless the settings say otherwise", { strict: false }, undefined],
  ])("counts %s", async (_what, partial, warnings) => {
    vi.stubEnv("STRICT_MODE", "true");
    const options = partial === undefined ? {} : { config: config(partial) };
    expect(await warned(options)).toEqual(warnings);
  });
});
