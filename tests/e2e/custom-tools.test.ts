import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REUSING, TestServer } from "../helpers/server.ts";
import { exampleTool } from "../helpers/tools.ts";

const FAULTY = `export default {
  name: "faulty",
  permissions: ({ request }) => { if (request.input === "ask") throw new Error("in permissions"); return "none" },
  setup() { throw new Error("in setup") },
}`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-tools-"));
  await writeFile(join(directory, "faulty.ts"), FAULTY);
  await writeFile(join(directory, "nameless.ts"), "export default { setup() {} }");
});
afterAll(() => rm(directory, { recursive: true }));

describe("a server with tools", () => {
  let server: TestServer;
  beforeAll(async () => {
    const tools = [
      "examples/tools/greeter.ts",
      exampleTool("checks.ts"),
      join(directory, "faulty.ts"),
    ];
    server = await TestServer.start({ ...REUSING, ISOLATE_TOOLS: tools.join(",") });
  });
  afterAll(async () => {
    expect(await server.dispose()).toEqual([]);
  });

  it.each(["container", "isolated"])("runs them at the level %s", async (sandbox) => {
    const code = "export default (x) => [greeter.greet(x), checks.isEmail(x)]";
    const tools = ["greeter", "checks"];
    const output = await server.execute({ code, input: "Ada", tools, sandbox, timeout: 20_000 });
    expect(output).toMatchObject({ ok: true, result: ["Hello, Ada! You are number 1.", false] });
  });

  it("names a tool that fails, in its setup and before, and goes on", async () => {
    const code = "export default () => 1";
    const tools = ["faulty"];
    const output = await server.execute({ code, tools, timeout: 20_000 });
    expect(output.logs).toMatchObject([
      { name: "ToolError", message: 'Tool "faulty" failed in setup: in setup' },
    ]);
    const response = await server.post({ code, tools, input: "ask" });
    expect(response.status).toBe(500);
    const { error } = (await response.json()) as { error: { requestId: string } };
    expect(error).toEqual({
      name: "ToolError",
      code: "TOOL_FAILED",
      message: 'Tool "faulty" failed: its function "permissions" threw',
      requestId: expect.any(String),
    });
    // Details for the operator alone, including the position.
    expect(server.log).toMatch(/in permissions\\n\s+at .*tool:faulty\.ts/);
    expect(await server.execute({ code, tools: ["greeter"] })).toMatchObject({ result: 1 });
  });

  it("says which tools there are", async () => {
    const response = await server.post({ code: "export default () => 1", tools: ["nope"] });
    expect(await response.json()).toMatchObject({
      error: {
        field: "tools[0]",
        message:
          'tools[0]: Unknown tool "nope"; there is crypto, channel, database, db, greeter, checks, faulty',
      },
    });
  });
});

it.each([
  ["nameless.ts", "The tool has no name"],
  ["missing.ts", "There is no such file"],
])("a server with the bad tool %s does not start, and names it", async (file, problem) => {
  const path = join(directory, file);
  const runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  const server = new TestServer(runDirectory, { ISOLATE_TOOLS: path });
  await expect(server.start()).rejects.toThrow(`Cannot start: Bad tool in ${path}: ${problem}`);
  expect(await readdir(runDirectory)).toEqual([]);
  await rm(runDirectory, { recursive: true });
});
