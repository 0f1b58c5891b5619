import { describe, expect, it } from "vitest";
import { ToolError } from "../../../../src/base/errors.ts";
import { config, type PartialConfig } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { parse } from "../../../../src/permissions/parser.ts";
import type { Context, PluginApi } from "../../../../src/plugins/plugin.ts";
import { SOLE_TENANT, type Tenant } from "../../../../src/request/tenant.ts";
import { loadTools } from "../../../../src/tools/load.ts";
import type { Tool, ToolContext } from "../../../../src/tools/tool.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";
import { exampleTool } from "../../../helpers/tools.ts";

const code = "export default () => 1";
const clock: Tool = { name: "clock", setup: () => {} };

/** Makes a kernel with these tools, as if each came from a module. */
function kernelWith(...tools: readonly Tool[]) {
  const engine = new RecordingEngine("isolated");
  const contexts: Context[] = [];
  const eye = {
    name: "eye",
    required: ["permission"],
    setup: (api: PluginApi) => api.onLoad.tap((context) => void contexts.push(context)),
  };
  const kernel = new Kernel({
    config: config({ sandbox: "isolated" }),
    engines: [engine],
    plugins: [eye],
    tools: tools.map((tool) => ({ tool, source: `/${tool.name}.ts`, module: "text" })),
  });
  return { kernel, engine, contexts };
}

describe("a request", () => {
  it("sends the modules of the tools it names along, each once, in its order", async () => {
    const { kernel, engine } = kernelWith(
      clock,
      { ...clock, name: "other" },
      { ...clock, name: "c" },
    );
    await kernel.execute({ code, tools: ["c", "crypto", "clock", "c"] });
    expect(engine.jobs[0]?.job.tools).toEqual([
      { name: "c", config: {}, module: "text" },
      { name: "crypto", config: expect.anything() },
      { name: "clock", config: {}, module: "text" },
    ]);
  });

  it("for a tool there is not is told which there are", async () => {
    const { kernel, engine } = kernelWith(clock);
    await expect(kernel.execute({ code, tools: ["clock", "nope"] })).rejects.toMatchObject({
      field: "tools[1]",
      message: 'tools[1]: Unknown tool "nope"; there is crypto, channel, database, db, clock',
    });
    await kernel.execute({ code, tools: ["clock"] });
    expect(engine.jobs).toHaveLength(1);
  });

  it("cannot take an object into a sandbox", async () => {
    const engines = [new RecordingEngine("isolated"), new RecordingEngine("container")];
    const tools = await loadTools([clock, exampleTool("greeter.ts")]);
    const kernel = new Kernel({ config: config(), engines, tools });
    for (const sandbox of ["isolated", "container"] as const) {
      const asked = kernel.execute({ code, sandbox, tools: ["greeter", "clock"] });
      await expect(asked).rejects.toMatchObject({
        status: 400,
        field: "tools[1]",
        message:
          'tools[1]: Tool "clock" is an object of this process, which only level "none" can use; put it into a module file',
      });
      await kernel.execute({ code, sandbox, tools: ["greeter"] });
    }
    expect(engines.map(({ jobs }) => jobs.length)).toEqual([1, 1]);
  });
});

describe("the permissions of a tool", () => {
  it("may depend on the request, the level and the settings", async () => {
    const seen: ToolContext[] = [];
    const permissions = (context: ToolContext) => {
      seen.push(context);
      return "none" as const;
    };
    const { kernel, contexts } = kernelWith({ ...clock, permissions }, { ...clock, name: "plain" });
    await kernel.execute({ code, input: [1], tools: ["plain", "clock"] });
    expect(seen).toEqual([
      {
        level: "isolated",
        request: expect.objectContaining({ code, input: [1], tools: ["plain", "clock"] }),
        config: config({ sandbox: "isolated" }),
      },
    ]);
    expect(contexts[0]?.toolPermissions).toEqual([
      { name: "plain", permissions: "none" },
      { name: "clock", permissions: "none" },
    ]);
  });

  describe("know the database of the execution, and not its password", () => {
    const url = "postgres://app:hunter2@db.example:6432/shop?sslmode=require";
    const bare = "postgres://db.example:6432/shop";
    /** Returns the settings that a tool sees. */
    async function shown(partial: PartialConfig, tenant: Tenant = SOLE_TENANT) {
      const seen: ToolContext["config"][] = [];
      const permissions = ({ config: settings }: ToolContext) => {
        seen.push(settings);
        return "none" as const;
      };
      const engines = [new RecordingEngine("isolated")];
      const tools = [{ tool: { ...clock, permissions }, source: "/clock.ts", module: "text" }];
      const settings = config({ sandbox: "isolated", ...partial });
      const kernel = new Kernel({ config: settings, engines, tools });
      await kernel.execute({ code, tools: ["clock"] }, { tenant });
      return { ...seen[0] };
    }

    it("as the host sets it", async () => {
      const { DATABASE_URL, db, ...rest } = await shown({ db: { url, rows: 5 }, timeout: 7 });
      expect([DATABASE_URL, db?.url, db?.rows, rest.timeout]).toEqual([bare, bare, 5, 7]);
      expect(parse(DATABASE_URL ?? "")).toBe("db.example:6432");
      expect(JSON.stringify([DATABASE_URL, db, rest])).not.toMatch(/hunter2|app/);
    });

    it("as the tenant has it, and never another's", async () => {
      const host = { tenants: true, db: { url: "postgres://u:p@host.example/all" } };
      const acme = { id: "acme", database: url };
      expect(await shown(host, acme)).toMatchObject({ DATABASE_URL: bare, db: { url: bare } });
      const none = await shown(host, { id: "other" });
      expect([none, none.db]).not.toContainEqual(
        expect.objectContaining({ url: expect.anything() }),
      );
      expect(none).not.toHaveProperty("DATABASE_URL");
    });

    it("if there is one", async () => {
      expect(await shown({})).not.toHaveProperty("DATABASE_URL");
    });
  });

  it("are not asked for unless the request names the tool", async () => {
    const permissions = () => {
      throw new Error("asked");
    };
    const { kernel, engine } = kernelWith({ ...clock, permissions }, { ...clock, name: "plain" });
    await kernel.execute({ code, tools: ["plain"] });
    expect(engine.jobs).toHaveLength(1);
  });

  it.each([
    ["a host", { net: ["api.example.com"] }, "net[0]"],
    ["a function's", () => ({ read: ["/a"], env: [] }), "read[0]"],
  ])("are refused where they cannot be granted: %s", async (_what, permissions, element) => {
    const { kernel, engine } = kernelWith({ ...clock, permissions }, { ...clock, name: "plain" });
    await expect(kernel.execute({ code, tools: ["plain", "clock"] })).rejects.toMatchObject({
      status: 403,
      field: `tools "clock": permissions.${element}`,
    });
    await kernel.execute({ code, tools: ["plain"] });
    expect(engine.jobs).toHaveLength(1);
  });

  const cause = new Error("secret");
  it.each([
    ["throw", () => thrown(cause), "threw"],
    ["are a promise", async () => "none", "returned a promise"],
    ["are a promise that fails", () => Promise.reject(cause), "returned a promise"],
    ["are nothing", () => undefined, 'Permissions are neither "none" nor an object'],
    ["inherit", () => "inherit", 'Permissions cannot be "inherit"'],
    ["are no list", () => ({ net: [1] }), 'Permission "net" is not a list of strings'],
    ["are of no kind", () => ({ dns: [] }), 'There is no permission "dns"'],
  ])("that %s fail that execution, and no other", async (_what, permissions, message) => {
    const faulty = { ...clock, name: "faulty", permissions: permissions as () => "none" };
    const { kernel, engine } = kernelWith(faulty, clock);
    const error: ToolError = await kernel.execute({ code, tools: ["clock", "faulty"] }).then(
      () => expect.unreachable(),
      (rejection) => rejection,
    );
    expect(error).toBeInstanceOf(ToolError);
    expect(error).toMatchObject({ status: 500, code: "TOOL_FAILED", tool: "faulty" });
    expect(error.message).toMatch(/^Tool "faulty" failed: its function "permissions" /);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("secret");
    expect(engine.jobs).toHaveLength(0);
    await kernel.execute({ code, tools: ["clock"] });
    expect(engine.jobs).toHaveLength(1);
  });

  it("that throw keep what they threw as the cause", async () => {
    const { kernel } = kernelWith({ ...clock, permissions: () => thrown(cause) });
    await expect(kernel.execute({ code, tools: ["clock"] })).rejects.toMatchObject({ cause });
  });
});

function thrown(error: Error): never {
  throw error;
}
