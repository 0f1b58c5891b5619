import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtinBundles } from "../../scripts/build/builtin-bundles.ts";
import { denoBinary, RUN_ALONE } from "../../src/deno/deno.ts";
import {
  bundleResourceType,
  bundleResourceTypes,
  UNAVAILABLE_BUILTINS,
} from "../../src/resourcex/types/bundle-type.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-types-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, source: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, source);
  return path;
}

it("a file becomes one text, with all that it imports and says of itself", async () => {
  await file("helper.ts", "export const twice = (n: number): number => 2 * n;");
  await file(
    "full.type.ts",
    `import { twice } from "./helper.ts";
     const level = "isolated" as const;
     export default {
       name: "full", aliases: ["f"], description: "All there is", sandbox: level,
       permissions: { net: ["x.org:443"], hrtime: false }, tools: ["crypto", "db"],
       schema: { type: "object", required: ["n"] },
       resolve: (_: unknown, args: { n: number }) => twice(args.n),
     };`,
  );
  const type = await bundleResourceType("full.type.ts", directory);
  expect(type).toEqual({
    name: "full",
    aliases: ["f"],
    description: "All there is",
    sandbox: "isolated",
    schema: { type: "object", required: ["n"] },
    permissions: { net: ["x.org:443"], hrtime: false },
    tools: ["crypto", "db"],
    code: expect.stringContaining("twice"),
  });
  expect(type.code).not.toMatch(/\bimport\b/);
});

it.each([
  ['permissions: "inherit"', 'permissions: cannot be "inherit"'],
  ["permissions: null", "permissions: is neither"],
  ["permissions: { net: ['x.org', 1] }", "permissions.net[1]: "],
  ["permissions: { fly: ['x.org'] }", "permissions.fly: is no permission"],
  ["permissions: { get net() { return () => [] } }", "permissions.net: is not a list"],
  ["permissions: { toJSON: () => 'inherit' }", 'permissions: cannot be "inherit"'],
  ["tools: { length: 1 }", "tools: is not a list of names"],
  ["tools: ['crypto', '../db']", "tools[1]: is not the name of a tool"],
  ["tools: Array(101).fill('crypto')", "tools: has more than 100 entries"],
])("what a type asks for is refused if it is %s", async (fields, fault) => {
  const source = `export default { name: "bad", resolve() {}, ${fields} }`;
  await expect(bundleResourceType(source)).rejects.toMatchObject({
    name: "ResourceTypeError",
    message: expect.stringContaining(`Failed to bundle source text: ${fault}`),
  });
});

it("packages come along, from where the source is", async () => {
  const source = `import { LRUCache } from "lru-cache"; export default { name: "lru", resolve: () => new LRUCache({ max: 1 }).max }`;
  const type = await bundleResourceType(source, process.cwd());
  expect(type.code).toContain("node_modules/lru-cache/");
  await expect(bundleResourceType(source, directory)).rejects.toThrow(
    'Failed to bundle source text: Could not resolve "lru-cache"',
  );
});

it.each([
  ["an expression", "({ name: 'form', resolve() {} })"],
  [
    "statements with a resolver",
    "// @resolver: form\nconst form = { name: 'form', resolve() {} };",
  ],
])("a source can be %s", async (_what, source) => {
  expect(await bundleResourceType(source)).toMatchObject({ name: "form", description: "" });
});

it("several are bundled in their order", async () => {
  const sources = ["a", "b"].map((name) => `export default { name: "${name}", resolve() {} };`);
  const types = await bundleResourceTypes(sources);
  expect(types.map(({ name }) => name)).toEqual(["a", "b"]);
});

describe("a source is refused", () => {
  it.each([
    ["without a name", "export default { resolve() {} }", "must have a name"],
    ["with a name that is no text", "export default { name: 7, resolve() {} }", "must have a name"],
    ["without resolve", "export default { name: 'x' }", "must have a resolve function"],
    [
      "without a default export",
      "export const a = { name: 'x', resolve() {} }",
      "must have a name",
    ],
    ["that exports null", "export default null", "must have a name"],
    [
      "with a level there is not",
      "export default { name: 'x', sandbox: 'vm', resolve() {} }",
      "Its sandbox is no good",
    ],
    [
      "with a schema that is none",
      "export default { name: 'x', schema: 3, resolve() {} }",
      "Its schema is no good",
    ],
    ["with a syntax error", "export default { name: }", 'Failed to bundle %: Unexpected "}" ('],
    [
      "with an import there is not",
      "import './gone.ts'; export default 1",
      "Failed to bundle %: Could not resolve",
    ],
    [
      "with a builtin there is not",
      "import 'node:sea'; export default 1",
      'Failed to bundle %: "node:sea" is not available in a sandbox',
    ],
    [
      "with an import by URL",
      "import 'https://x.org/a.js'; export default 1",
      'It imports "https://x.org/a.js"',
    ],
    [
      "that throws at once",
      "throw new TypeError('no luck'); export default 1",
      "Failed to bundle %: TypeError: no luck",
    ],
    [
      "that loops without end",
      "for (;;); export default 1",
      "Failed to bundle %: TimeoutError: Execution timeout",
    ],
    [
      "that allocates without end",
      "const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); export default 1",
      "Failed to bundle %: MemoryError: Memory limit of 256 MB exceeded",
    ],
    ["that ends its process", "Deno.exit(0); export default 1", "Failed to bundle %: ExitError"],
  ])("%s", async (_what, source, message) => {
    const path = await file("bad.type.ts", source);
    const bundling = bundleResourceType(path);
    await expect(bundling).rejects.toMatchObject({ name: "ResourceTypeError" });
    await expect(bundling).rejects.toThrow(path);
    await expect(bundling).rejects.toThrow(message.replaceAll("%", path));
  });

  it("that is a file there is not", async () => {
    await expect(bundleResourceType("gone.type.ts", directory)).rejects.toThrow(
      `Failed to bundle ${join(directory, "gone.type.ts")}: ENOENT`,
    );
  });
});

it("a source is never run in this process, and reaches nothing of it from where it runs", async () => {
  const trace = join(directory, "trace");
  const attack = (what: string) =>
    `await (async () => { ${what} })().catch(() => {}); Reflect.set(globalThis, "typeWasHere", true);`;
  const source = `
    import { writeFileSync, readFileSync } from "node:fs";
    let seen = "nothing";
    ${attack(`writeFileSync(${JSON.stringify(trace)}, "x"); seen = "a file";`)}
    ${attack(`seen = readFileSync("/etc/passwd", "utf8");`)}
    ${attack(`seen = process.env.PATH ?? seen;`)}
    export default { name: "spy", description: seen, resolve() {} };`;
  expect(await bundleResourceType(source)).toMatchObject({ description: "nothing" });
  await expect(stat(trace)).rejects.toThrow("ENOENT");
  expect(Reflect.has(globalThis, "typeWasHere")).toBe(false);
  // Proof: as a module of this process it would have done all of that.
  const path = await file("spy.mjs", source);
  const inProcess = (await import(/* @vite-ignore */ path)) as { default: { description: string } };
  expect(inProcess.default.description).toBe(process.env.PATH);
  expect(await readFile(trace, "utf8")).toBe("x");
  Reflect.deleteProperty(globalThis, "typeWasHere");
});

it("what Node has and a sandbox has not is known", async () => {
  const names = [...builtinModules, "node:sea", "node:sqlite", "node:test"];
  const program = `const missing = [];
    for (const name of ${JSON.stringify(names)}) {
      const path = name.startsWith("node:") ? name : "node:" + name;
      await import(path).catch(() => missing.push(path.slice(5)));
    }
    console.log(JSON.stringify(missing.sort()));`;
  const path = await file("builtins.js", program);
  const { stdout } = await promisify(execFile)(denoBinary(), [...RUN_ALONE, path]);
  expect(JSON.parse(stdout)).toEqual([...UNAVAILABLE_BUILTINS].sort());
});

it("the bundles of the built-in types are those of their sources", async () => {
  const path = new URL("../../src/resourcex/types/builtin-bundles.ts", import.meta.url);
  expect(await readFile(path, "utf8")).toBe(await builtinBundles());
});
