import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import { exampleTool } from "../helpers/tools.ts";

const code = "export default () => greeter.greet('Ada')";
const GREETING = "Hello, Ada! You are number 1.";

describe("the library with tools of one's own", () => {
  let directory: string;
  let runDirectory: string;
  let isolate: Isolate;
  let ticks = 0;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-tools-"));
    runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
    const file = async (name: string, source: string): Promise<string> => {
      await writeFile(join(directory, name), source);
      return join(directory, name);
    };
    isolate = await createIsolate({
      runDirectory,
      config: { timeout: 20_000, cluster: { min: 1 } },
      tools: [
        exampleTool("greeter.ts"),
        pathToFileURL(exampleTool("simple-logger.ts")),
        await file("broken.js", "export default { name: 'broken', setup() { throw Error('no') } }"),
        await file(
          "unsure.ts",
          "export default { name: 'unsure', permissions() { throw Error('?') }, setup() {} }",
        ),
        await file(
          "disk.ts",
          "export default { name: 'disk', permissions: { read: ['/data'] }, setup() {} }",
        ),
        {
          name: "clock",
          setup: (globals) => {
            globals.clock = { ticks: () => ticks };
          },
        },
      ],
      trusted: true,
    });
  });
  afterAll(async () => {
    await isolate.close();
    expect(await readdir(runDirectory)).toEqual([]);
    await rm(runDirectory, { recursive: true });
    await rm(directory, { recursive: true });
  });

  it("runs what modules export, and what they make", async () => {
    const both = "export default () => { logger.info('hi'); return greeter.greet('Ada') }";
    const output = await isolate.execute({ code: both, tools: ["greeter", "simple-logger"] });
    expect(output).toMatchObject({
      ok: true,
      result: GREETING,
      logs: [{ level: "info", message: "[info] hi" }],
    });
  });

  it("gives no tool that is not named", async () => {
    const output = await isolate.execute({ code });
    expect(output.error).toMatchObject({ name: "ReferenceError" });
  });

  it("takes a tool that is named twice once", async () => {
    const output = await isolate.execute({ code, tools: ["greeter", "greeter"] });
    expect(output).toMatchObject({ ok: true, result: GREETING });
  });

  it("has a tool that throws in its setup in the output, by name", async () => {
    const output = await isolate.execute({ code, tools: ["greeter", "broken"] });
    const error = { name: "ToolError", message: 'Tool "broken" failed in setup: no' };
    expect(output).toMatchObject({ ok: false, error });
  });

  it.each([
    [
      "unknown",
      'tools[1]: Unknown tool "unknown"; there is crypto, channel, database, db, greeter',
    ],
    ["unsure", 'Tool "unsure" failed: its function "permissions" threw'],
    ["disk", 'tools "disk": permissions.read[0]: '],
    ["clock", 'tools[1]: Tool "clock" is an object of this process, which only level "none"'],
  ])("rejects what it cannot use, and goes on: %s", async (name, message) => {
    await expect(isolate.execute({ code, tools: ["greeter", name] })).rejects.toThrow(message);
    expect(await isolate.execute({ code, tools: ["greeter"] })).toMatchObject({ result: GREETING });
  });

  it("gives code in this process what modules export, and objects of this process", async () => {
    ticks = 7;
    const request = { code: "export default () => [greeter.greet('Ada'), clock.ticks()]" };
    const tools = ["greeter", "clock"];
    const output = await isolate.execute({ ...request, tools, sandbox: "none" });
    expect(output).toMatchObject({ ok: true, result: [GREETING, 7] });
    const without = await isolate.execute({ ...request, tools: ["greeter"], sandbox: "none" });
    expect(without.error).toMatchObject({
      name: "ReferenceError",
      message: "clock is not defined",
    });
    const broken = await isolate.execute({ ...request, tools: ["broken"], sandbox: "none" });
    expect(broken.error).toMatchObject({ name: "ToolError" });
  });
});
