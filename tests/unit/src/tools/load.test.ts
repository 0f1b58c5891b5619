import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIsolate } from "../../../../src/isolate.ts";
import { loadTools } from "../../../../src/tools/load.ts";
import type { ToolSource } from "../../../../src/tools/tool.ts";
import { exampleTool } from "../../../helpers/tools.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-tools-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, source: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, source);
  return path;
}

const object = (name: string) => ({ name, setup: () => {} });
const GOOD = "{ name: 'good', setup() {} }";

describe("tools are loaded from", () => {
  it.each([
    ["a default export", `export const other = () => 1; export default ${GOOD}`],
    ["a default factory", `export default () => (${GOOD})`],
    ["the only factory", `export const VERSION = 1; export function good() { return ${GOOD} }`],
    ["the only tool", `export const good = ${GOOD}; export const config = { a: 1 }`],
    ["a class of its own", "export default new (class { name = 'good'; setup() {} })()"],
    ["a CommonJS module", `module.exports = ${GOOD}`],
    ["a CommonJS factory", `module.exports = () => (${GOOD})`],
    ["CommonJS exports", `exports.good = () => (${GOOD})`],
  ])("a module with %s", async (what, source) => {
    const extension = what.includes("CommonJS") ? "cjs" : "ts";
    const path = await file(`good.${extension}`, source);
    const [loaded] = await loadTools([path]);
    expect(loaded).toMatchObject({ tool: { name: "good" }, source: path });
    expect(loaded?.module).toContain("good");
  });

  it("absolute and relative paths, URLs, and objects", async () => {
    const path = await file("place.ts", `export default ${GOOD}`);
    const places: ToolSource[] = [
      path,
      relative(process.cwd(), path),
      pathToFileURL(path),
      pathToFileURL(path).href,
    ];
    for (const place of places) {
      expect(await loadTools([place])).toMatchObject([{ tool: { name: "good" }, source: path }]);
    }
    const clock = object("clock");
    expect(await loadTools([clock])).toEqual([{ tool: clock, source: "tools[0]" }]);
  });

  it("modules that import what the package gives, by each of its names", async () => {
    const path = await file(
      "imports.ts",
      `import { inject, lazy } from "isolate";
       import { proxy } from "isolate/common";
       import { provide } from "isolate/common/inject";
       import { lazy as again } from "isolate/common/lazy";
       import { proxy as same } from "isolate/common/proxy";
       import type { Tool } from "isolate/types";
       import { detect, merge, normalize, parse, validate } from "isolate/permissions";
       import { parse as read } from "isolate/permissions/parser";
       import { merge as add } from "isolate";
       export default (): Tool => ({ name: "all", description: "all of it", setup(globals) {
         inject(globals, "a", lazy === again && proxy === same && parse === read && merge === add);
         globals.perms = [parse("https://x.org"), detect({ net: ["localhost"] }).local];
         globals.strict = validate(normalize({ net: ["*"] }), true, () => {});
         provide(globals, { b: 2 });
       } });`,
    );
    const [loaded] = await loadTools([path]);
    const globals: Record<string, unknown> = {};
    await loaded?.tool.setup(globals);
    const strict = ["[Strict] Wildcard permission detected"];
    expect(globals).toEqual({ a: true, b: 2, perms: ["x.org:443", true], strict });
  });

  it("the same file again, anew", async () => {
    const [first] = await loadTools([exampleTool("greeter.ts")]);
    const [second] = await loadTools([exampleTool("greeter.ts")]);
    expect(second?.tool).not.toBe(first?.tool);
    expect(second?.module).toBe(first?.module);
  });
});

describe("a tool is refused by its file's name", () => {
  it.each([
    ["no export", "const a = 1", "It exports no tool, and no function that makes one"],
    [
      "several exports",
      "export const a = () => 1, b = () => 2",
      "several that may be the tool: a, b",
    ],
    ["an export that is no tool", "export default 7", "A tool is an object, not a number"],
    ["a null export", "export default null", "A tool is an object, not null"],
    ["no name", "export default { setup() {} }", "The tool has no name"],
    [
      "a description of no kind",
      "export default { name: 'x', description: 1, setup() {} }",
      'Tool "x": Its description is not a string',
    ],
    ["a bad name", "export default { name: '1 x', setup() {} }", `The tool's name "1 x" is not`],
    ["a long name", `export default { name: 'x'.repeat(65), setup() {} }`, "is not a letter"],
    ["no setup", "export default { name: 'x' }", 'Tool "x" has no function "setup"'],
    [
      "permissions of no kind",
      "export default { name: 'x', permissions: 3, setup() {} }",
      'Tool "x": Permissions are neither "none" nor an object',
    ],
    [
      "a permission that is no list",
      "export default { name: 'x', permissions: { net: 'x.org' }, setup() {} }",
      'Tool "x": Permission "net" is not a list of strings',
    ],
    [
      "a permission there is not",
      "export default { name: 'x', permissions: { network: [] }, setup() {} }",
      'Tool "x": There is no permission "network"',
    ],
    ["a factory that throws", "export default () => { throw new Error('no luck') }", "no luck"],
    ["an asynchronous factory", "export default async () => { throw 1 }", "not a promise"],
    ["a module that throws", "throw new Error('at once'); export default 1", "at once"],
    ["a syntax error", "export default {\n  name: }", "bad.ts:2)"],
    ["an import there is not", "import 'no-such-package'", 'Could not resolve "no-such-package"'],
    [
      "another part of the package",
      "import 'isolate/kernel'",
      'It imports "isolate/kernel", which works in no sandbox',
    ],
    ["an import by URL", "import 'https://x.org/a.js'", 'It imports "https://x.org/a.js"'],
    ["an await at the top", "await 1; export default 1", "Top-level await"],
    [
      "more than 4 MiB",
      `export default { name: 'x', setup() { return '${"x".repeat(4_194_304)}' } }`,
      "more than 4194304",
    ],
  ])("for %s", async (_what, source, message) => {
    const path = await file("bad.ts", source);
    const loading = loadTools([path]);
    await expect(loading).rejects.toThrow(`Bad tool in ${path}: `);
    await expect(loading).rejects.toThrow(message);
  });

  it.each([
    ["a file that is missing", "/no/such/tool.ts", "Bad tool in /no/such/tool.ts: There is no"],
    ["a directory", tmpdir(), `Bad tool in ${tmpdir()}: There is no such file`],
    ["an empty path", "", "Bad tool in tools[0]: The path is empty"],
    ["a URL of the network", new URL("https://x.org/tool.ts"), "https: URLs cannot be loaded"],
    ["a function", () => object("x"), "Bad tool in tools[0]: A tool is an object, not a function"],
    ["undefined", undefined, "Bad tool in tools[0]: A tool is an object, not undefined"],
  ])("for %s", async (_what, source, message) => {
    await expect(loadTools([source as ToolSource])).rejects.toThrow(message);
  });

  it("for more than 16 MiB together", async () => {
    const text = "x".repeat(4_000_000);
    const sources = [1, 2, 3, 4, 5].map((n) =>
      file(`big-${n}.ts`, `export default { name: 'big${n}', setup() { return '${text}' } }`),
    );
    await expect(loadTools(await Promise.all(sources))).rejects.toThrow("more than 16777216");
  });
});

describe("names", () => {
  it.each(["crypto", "channel", "database", "db"])(
    "of built-in tools are taken: %s",
    async (name) => {
      await expect(loadTools([object(name)])).rejects.toThrow(
        `Two tools are named "${name}": the built-in one and that of tools[0]`,
      );
    },
  );

  it("are each one tool's", async () => {
    const path = exampleTool("greeter.ts");
    await expect(loadTools([path, object("greeter")])).rejects.toThrow(
      `Two tools are named "greeter": that of ${path} and that of tools[1]`,
    );
  });
});

it("an isolate with a bad tool rejects, and leaves nothing behind", async () => {
  const runDirectory = join(directory, "run");
  const tools = ["/no/such/tool.ts"];
  await expect(createIsolate({ runDirectory, tools })).rejects.toThrow("/no/such/tool.ts");
  await expect(rm(runDirectory, { recursive: true })).rejects.toThrow("ENOENT");
});
