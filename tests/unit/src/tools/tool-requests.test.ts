import { describe, expect, it } from "vitest";
import { ToolError } from "../../../../src/base/errors.ts";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { Context, PluginApi } from "../../../../src/plugins/plugin.ts";
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
