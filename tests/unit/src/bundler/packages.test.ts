/** Tests the bundling of packages that were made up to have each way of being written. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FlattenMap, originalPositionFor } from "@jridgewell/trace-mapping";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BadRequest } from "../../../../src/base/errors.ts";
import { type BundleRequest, bundleFunction } from "../../../../src/bundler/function-bundle.ts";
import { importedPackages } from "../../../../src/bundler/packaged-function.ts";
import { MemoryPrebundleCache } from "../../../../src/bundler/prebundle-cache.ts";
import { sample } from "../../../contract/case-choice.ts";
import { packagesOf } from "../../../helpers/package-archive.ts";

type Module = Record<string, unknown> & { default: (input?: unknown) => unknown };

/** WebAssembly that exports `add`, and one that imports `double` of `./helper.js` for `twice`. */
const ADD = Buffer.from(
  "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b",
  "hex",
);
const TWICE = Buffer.from(
  "0061736d0100000001060160017f017f02160 10b2e2f68656c7065722e6a7306646f75626c650000030201000709010574776963650001 0a08010600200010000b".replaceAll(
    " ",
    "",
  ),
  "hex",
);

let directory: string;
let loaded = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function load(request: BundleRequest): Promise<Module> {
  const { code } = await bundleFunction(request, "a");
  loaded += 1;
  const path = join(directory, `${loaded}.mjs`);
  await writeFile(path, code);
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Module;
}

async function refusal(request: BundleRequest): Promise<BadRequest> {
  try {
    await bundleFunction(request, "a");
  } catch (error) {
    if (error instanceof BadRequest) return error;
    throw error;
  }
  throw new Error("It was bundled");
}

/** Packages of all forms, bundled once. */
const FORMS = packagesOf(
  {
    "esm/package.json": {
      type: "module",
      exports: {
        ".": { browser: "./no.js", module: "./no.js", deno: "./deno.js", default: "./no.js" },
        "./node": { node: "./node.js", default: "./no.js" },
        "./import": { require: "./no.js", import: "./import.js" },
        "./deep/*": "./parts/*.js",
        "./data": "./data.json",
        "./text.txt": "./text.txt",
        "./add.wasm": "./add.wasm",
        "./twice.wasm": "./twice.wasm",
      },
      imports: { "#own": { deno: "./own.js", default: "./no.js" } },
    },
    "esm/deno.js": `export { own as default } from "#own"; export { self } from "./self.js";
      export const names = [import.meta.url, import.meta.filename, import.meta.dirname, import.meta.main];
      export const env = process.env.NODE_ENV; export let n = 0; export const count = () => { n += 1; };
      export class Error extends globalThis.Error { constructor(m) { super(m); this.name = new.target.name; } }
      export class Own { static made() { return new Own(); } }`,
    "esm/self.js": 'export { default as self } from "esm/node";',
    "esm/own.js": 'export const own = "own";',
    "esm/node.js": "export default 'node'",
    "esm/import.js": "export default await Promise.resolve('import')",
    "esm/parts/a.js": "export default 'a'; export const unused = globalThis.leaked = 1;",
    "esm/data.json": { x: 1 },
    "esm/text.txt": "text",
    "esm/add.wasm": ADD,
    "esm/twice.wasm": TWICE,
    "esm/helper.js": "export const double = (n) => 2 * n;",
    "cjs/package.json": { main: "./lib", browser: "./no.js", module: "./no.mjs" },
    "cjs/lib/index.js": `"use strict"; const fs = require("fs"); const { join } = require("node:path");
      Object.defineProperty(exports, "__esModule", { value: true });
      exports.default = "default"; exports.place = [__filename, __dirname, typeof fs.readFileSync, join("a", "b")];
      exports.text = fs.readFileSync(join(__dirname, "asset.txt"), "utf8");
      exports.optional = (() => { try { return require("optional-peer"); } catch (e) { return [e.code, e.message]; } })();
      exports.dynamic = (name) => require("./locale/" + name); exports.load = (name) => require(name);
      exports.json = require("./data"); exports.later = () => import("optional-peer"); exports.globals = typeof global;
      exports.esm = require("esm/node"); exports.dep = require("dep");
      exports.circle = require("./circle");
      class Error extends globalThis.Error { constructor(m) { super(m); this.name = this.constructor.name; } }
      exports.variables = [process.env.UNSET, "UNSET" in process.env, Object.keys(require("process").env).length > 0, require("os").hostname() !== ""];
      const pass = (r, name) => { try { return typeof r(name); } catch (e) { return e.code; } };
      exports.passed = [pass(require, "url"), pass(require, "./none")];
      exports.fault = new Error("m").name; exports.required = typeof require.resolve;`,
    "cjs/lib/asset.txt": "asset",
    "cjs/lib/data.json": { y: 2 },
    "cjs/lib/circle.js": "exports.first = 1; exports.other = require('./other').seen;",
    "cjs/lib/other.js": "exports.seen = require('./circle').first;",
    "cjs/node_modules/dep/package.json": {},
    "cjs/node_modules/dep/index.js": "module.exports = 'nested'",
    "dep/index.js": "module.exports = 'top'",
    "umd/index.js": `(function (root, factory) { typeof define === "function" && define.amd ? define(factory)
      : typeof exports === "object" ? module.exports = factory() : root.umd = factory(); })(this, function () { return { umd: typeof fetch }; });`,
    "typeless/package.json": { module: "./index.mjs" },
    "typeless/index.mjs": `import { createRequire } from "node:module"; import cjs from "cjs"; import { readFile } from "node:fs/promises";
      const require$1 = createRequire(import.meta.url); const require = createRequire(import.meta.url);
      export default [cjs.default, require("cjs/lib/data.json").y, require$1("dep"), Object.keys(await import("dep"))];
      export const add = async () => (await WebAssembly.instantiate(await readFile(new URL("./add.wasm", import.meta.url)))).instance.exports.add(1, 2);
      export const fetched = async () => (await (await fetch(new URL("./add.wasm", import.meta.url))).arrayBuffer()).byteLength;`,
    "typeless/add.wasm": ADD,
    "@scope/pure/package.json": {
      type: "module",
      sideEffects: false,
      exports: { ".": "./index.js", "./effect": "./effect.js" },
    },
    "@scope/pure/index.js":
      'export { used } from "./used.js"; export { unused } from "./effect.js";',
    "@scope/pure/used.js": "export const used = 'used';",
    "@scope/pure/effect.js": "globalThis.touched = 'LEFT OUT'; export const unused = 1;",
  },
  {
    esm: "^1",
    cjs: "1",
    umd: "1",
    typeless: "1",
    aliased: "npm:@scope/pure@^2",
    "@scope/pure": "^2",
    "@std/x": "jsr:@std/x@1",
  },
);

describe("packages in a function", () => {
  it("are found and run in every form that the runtime knows", async () => {
    const main = `
      import own, { self, names, env, n, count, Error as Failure, Own } from "esm";
      import node from "npm:esm@^1/node"; import imported from "esm/import"; import a from "esm/deep/a";
      import data from "esm/data" with { type: "json" }; import text from "esm/text.txt" with { type: "text" };
      import bytes, { add } from "esm/add.wasm"; import { twice } from "esm/twice.wasm";
      import cjs, { place, default as same } from "cjs"; import * as all from "cjs"; import umd from "umd";
      import typeless, * as more from "typeless"; import { used } from "@scope/pure";
      import dep = require("cjs/node_modules/dep");
      const fetch = 1; const define = Object.assign(() => {}, { amd: true }); class Error {}
      export default async () => {
        count();
        return {
          own, self, names, env, n, failure: new Failure("x").name, made: Own.made().constructor.name,
          node, imported, a, data, text, add: add(1, 2), twice: twice(4), size: bytes.length,
          cjs: Object.keys(cjs).length, place, same: same === cjs, all: all.default === cjs, fault: cjs.fault, variables: cjs.variables,
          read: cjs.text, optional: cjs.optional, json: cjs.json, globals: cjs.globals, circle: cjs.circle,
          esm: cjs.esm.default, dep: [cjs.dep, dep], umd, fetch: [fetch, new Error().constructor.name, typeof define],
          builtin: typeof cjs.load("node:path").join, required: cjs.required, passed: cjs.passed,
          dynamic: (() => { try { return cjs.dynamic("de"); } catch (e) { return [e.code, e.message]; } })(),
          later: await cjs.later().catch((e) => e.message),
          typeless, more: [await more.add(), await more.fetched()], used,
          lazy: (await import("esm/node")).default, lazyCommon: (await import("cjs")).default === cjs,
          leaked: "leaked" in globalThis, touched: globalThis.touched, NODE_ENV: typeof process.env.NODE_ENV,
        };
      };`;
    const request = { files: { "main.ts": main }, main: "main.ts", packages: FORMS };
    const { default: run } = await load(request);
    const advice = 'add "optional-peer" to dependencies';
    const missing = `Cannot find "optional-peer", imported by node_modules/cjs/lib/index.js: ${advice}`;
    expect(await run()).toEqual({
      own: "own",
      self: "node",
      names: [
        "file:///node_modules/esm/deno.js",
        "/node_modules/esm/deno.js",
        "/node_modules/esm",
        false,
      ],
      env: "production",
      n: 1,
      failure: "Error",
      made: "Own",
      node: "node",
      imported: "import",
      a: "a",
      data: { x: 1 },
      text: "text",
      add: 3,
      twice: 8,
      size: ADD.length,
      cjs: expect.any(Number),
      place: ["/node_modules/cjs/lib/index.js", "/node_modules/cjs/lib", "function", "a/b"],
      same: true,
      all: true,
      fault: "Error",
      variables: [undefined, false, true, true],
      read: "asset",
      optional: ["MODULE_NOT_FOUND", missing],
      json: { y: 2 },
      globals: "object",
      circle: { first: 1, other: 1 },
      esm: "node",
      dep: ["nested", "nested"],
      umd: { umd: "function" },
      fetch: [1, "Error", "function"],
      builtin: "function",
      required: expect.any(String),
      passed: ["object", "MODULE_NOT_FOUND"],
      dynamic: [
        "MODULE_NOT_FOUND",
        'Cannot find "./locale/de", required by node_modules/cjs/lib/index.js: its path is known only at run time, and a bundle has no files',
      ],
      later: missing,
      typeless: ["default", 2, "top", ["default"]],
      more: [3, ADD.length],
      used: "used",
      lazy: "node",
      lazyCommon: true,
      leaked: true,
      touched: undefined,
      NODE_ENV: expect.any(String),
    });
  });
});

describe("faults in packages", () => {
  const broken = packagesOf(
    {
      "a/package.json": { type: "module", exports: { ".": "./index.js", "./*": "./*.js" } },
      "a/index.js": "export const a = 1;",
      "a/syntax.js": "export const a = ;",
      "a/peer.js": 'import "peer/sub"; export const a = 1;',
      "a/file.js": 'export * from "./none.js";',
      "a/names.js": 'import { none } from "a"; export const a = none;',
      "a/native.js": `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); export const a = require(\`./build/x-\${process.arch}.node\`);`,
      "a/wasm.js": 'import "./x.wasm"; export const a = 1;',
      "a/x.wasm": "no WebAssembly",
      "a/json.js": 'import "./x.json"; export const a = 1;',
      "a/x.json": "{",
      "transitive/index.js": "",
    },
    { a: "^1" },
  );
  it.each(
    sample<[string, RegExp]>(
      [
        [
          '\nimport { none as x } from "a";',
          /^files: main\.ts:2:10: There is no export "none" in "a"$/,
        ],
        ['import x from "a";', /^files: main\.ts:1:15: There is no export "default" in "a"$/],
        [
          'import x from "a/none";',
          /^files: main\.ts:1:15: Cannot find "a\/none": the package has no such module$/,
        ],
        [
          'import x from "other/sub";',
          /^files: main\.ts:1:15: Cannot import "other\/sub": .*\. Add "other" to dependencies$/,
        ],
        ['import x from "transitive";', /Add "transitive" to dependencies$/],
        [
          'import x from "npm:@a/b@^3/c";',
          /Cannot import "npm:@a\/b@\^3\/c": .*\. Add "@a\/b" to dependencies$/,
        ],
        [
          'import { a as x } from "a/syntax";',
          /^files: node_modules\/a\/syntax\.js:1:18: Unexpected ";"$/,
        ],
        [
          'import { a as x } from "a/peer";',
          /node_modules\/a\/peer\.js:1:8: Cannot find "peer\/sub", imported by node_modules\/a\/peer\.js: add "peer" to dependencies$/,
        ],
        [
          'import { a as x } from "a/file";',
          /node_modules\/a\/file\.js:1:15: Cannot find "\.\/none\.js", .*: the package has no such module$/,
        ],
        [
          'import { a as x } from "a/names";',
          /node_modules\/a\/names\.js:1:10: No matching export in "node_modules\/a\/index\.js" for import "none"$/,
        ],
        [
          'import { a as x } from "a/native";',
          /^files: node_modules\/a\/native\.js:1: "a" has native code, which no sandbox loads$/,
        ],
        ['import { a as x } from "a/wasm";', /node_modules\/a\/x\.wasm:1:1: It is no WebAssembly$/],
        ['import { a as x } from "a/json";', /node_modules\/a\/x\.json:1:2: /],
        [
          'import "./none.ts"; import { a as x } from "a";',
          /^files: main\.ts:1:8: There is no "\.\/none\.ts"/,
        ],
      ],
      3,
    ),
  )("are told by file and name: %s", async (imports, message) => {
    const files = { "main.ts": `${imports} export default () => x;` };
    const { field, message: told } = await refusal({ files, main: "main.ts", packages: broken });
    expect([field, told]).toEqual(["files", expect.stringMatching(message)]);
  });

  it("are too many bytes, and nothing is refused for those that are not used", async () => {
    const packages = packagesOf({ "a/index.js": `exports.a = "${"x".repeat(5_000)}"` }, { a: "1" });
    const request = {
      files: { "main.ts": 'import { a } from "a"; export default a' },
      main: "main.ts",
      packages,
    };
    expect((await refusal({ ...request, maxBytes: 5_000 })).message).toMatch(
      /^files: Bundled, the packages have \d{4,5} bytes, and 5000 are allowed$/,
    );
    expect((await refusal({ ...request, maxBytes: 8_000 })).message).toMatch(
      /^files: Bundled with their packages, they have \d{4,5} bytes, and 8000 are allowed$/,
    );
    const unused = { ...request, files: { "main.ts": "export default 1" }, maxBytes: 5_000 };
    expect((await bundleFunction(unused, "a")).code).not.toContain("xxx");
  });
});

describe("bundled packages", () => {
  const files = {
    "a/package.json": { type: "module", sideEffects: false },
    "a/index.js":
      'export const used = "USED"; export { not } from "./not.js"; export class Fault {}',
    "a/not.js": 'export const not = globalThis.x = "NOT USED";',
  };

  it("are taken from the cache by lock and imports, whatever else the code is", async () => {
    const { archive, ...rest } = packagesOf(files, { a: "1" });
    const cache = new MemoryPrebundleCache();
    let asked = 0;
    const packages = {
      ...rest,
      cache,
      archive: async () => {
        asked += 1;
        return archive as Uint8Array;
      },
    };
    const bundle = async (main: string) =>
      (await bundleFunction({ files: { "main.ts": main }, main: "main.ts", packages }, "a")).code;
    const first = await bundle('import { used } from "a"; export default () => used');
    expect(first).toContain("USED");
    expect(first).not.toContain("NOT USED");
    const second = await bundle('import { used as u } from "npm:a@1"; export default () => [u, 2]');
    expect([second.includes("USED"), asked]).toEqual([true, 1]);
    expect(await bundle('import * as a from "a"; export default () => a')).toContain("NOT USED");
    expect(asked).toBe(2);
    // Broken bytes in a cache are made anew.
    const broken = { get: () => Buffer.from("broken"), set: () => {} };
    const request = {
      files: { "main.ts": 'import { used } from "a"; export default () => used' },
      main: "main.ts",
    };
    const made = await bundleFunction(
      { ...request, packages: { ...packages, cache: broken } },
      "a",
    );
    expect([made.code, asked]).toEqual([first, 3]);
  });

  it("are made once for all that ask at the same time, whoever of them fails", async () => {
    const { archive, ...rest } = packagesOf(files, { a: "1" });
    let asked = 0;
    let fail = (_error: Error): void => {};
    const failing = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const cache = new MemoryPrebundleCache();
    const bundle = (tenant: string, text: string, files: () => Promise<Uint8Array>) => {
      const main = `import { used } from "a"; export default () => [used, "${text}"];`;
      const counted = () => {
        asked += 1;
        return files();
      };
      const packages = { ...rest, cache, archive: counted };
      return bundleFunction({ files: { "main.ts": main }, main: "main.ts", packages }, tenant);
    };
    const first = bundle("a", "1", () => failing);
    const told = first.catch((error: Error) => error.message);
    while (asked === 0) await new Promise((go) => setTimeout(go, 5));
    const others = ["b", "c", "d"].map((tenant) =>
      bundle(tenant, tenant, async () => archive as Uint8Array),
    );
    // Time for the others to come to the point at which they wait.
    await new Promise((go) => setTimeout(go, 1_000));
    expect(asked).toBe(1);
    fail(new Error("left"));
    expect(await told).toBe("left");
    const codes = (await Promise.all(others)).map(({ code }) => code);
    expect(codes.map((code) => code.includes("USED"))).toEqual([true, true, true]);
    expect(asked).toBe(2);
  });

  it("are joined to code that is TypeScript where it does not parse as JavaScript", async () => {
    const effect = { "b/index.js": "globalThis.effects = (globalThis.effects ?? 0) + 1;" };
    const packages = packagesOf(effect, { b: "1" });
    const run = async (main: string, text: string, anyLanguage?: boolean) => {
      const request = { files: { [main]: text }, main, anyLanguage, packages };
      return (await load(request)).default();
    };
    const code = `import unused from "b"; const pair = (...all) => all; const b = 2, c = 1, g = 3;
      export default () => [globalThis.effects, pair(pair < b, c > (1))];`;
    expect(await run("main.ts", code, true)).toEqual([1, [false, false]]);
    expect(await run("main.js", code)).toEqual([2, [false, false]]);
    const typed = `${code}\nconst n: number = 1;`;
    expect(await run("main.ts", typed, true)).toEqual([2, [[1]]]);
    expect(await run("main.ts", code)).toEqual([2, [[1]]]);
    const jsx = `/** @jsx h */ const h = (...all) => all; export default () => <b>{1}</b>`;
    expect(await run("main.tsx", jsx, true)).toEqual(["b", null, 1]);
    expect(await run("main.tsx", `${jsx}; const n: number = 1;`, true)).toEqual(["b", null, 1]);
    const wrong = { "main.ts": "const n: number = 1;\nexport default =" };
    const { message } = await refusal({
      files: wrong,
      main: "main.ts",
      anyLanguage: true,
      packages,
    });
    expect(message).toMatch(/^files: main\.ts:2:16: Unexpected "="/);
    const other = { "main.ts": 'import x from "other"; export default x' };
    const fault = await refusal({ files: other, main: "main.ts", anyLanguage: true, packages });
    expect(fault.message).toMatch(/main\.ts:1:15: Cannot import "other"/);
  });

  it("keep the place of code that begins with a line for a shell, and follow odd separators of lines", async () => {
    const main =
      '#!/usr/bin/env -S deno run\nimport { odd } from "a";\nexport default () => odd;\nexport const where = () => new Error().stack;';
    const odd = "export const odd = String.raw`\u2028\u2029`;";
    const packages = packagesOf(
      {
        "a/package.json": { type: "module", exports: "./a.js" },
        "a/a.js": `#!/usr/bin/env node\n${odd}`,
      },
      { a: "1" },
    );
    const request = { files: { "main.ts": main }, main: "main.ts", packages };
    expect((await load(request)).default()).toBe("\u2028\u2029");
    const { code, map = "" } = await bundleFunction(request, "a");
    // Lines as the language has them, and so its stacks.
    const line = code
      .split(/\r\n|[\n\r\u2028\u2029]/)
      .findIndex((text) => text.includes(" where ="));
    const place = originalPositionFor(new FlattenMap(map), { line: line + 1, column: 4 });
    expect(place).toMatchObject({ source: expect.stringMatching(/main\.ts$/), line: 4 });
  });

  it("export all that they have, where code exports them again", async () => {
    const request = {
      files: { "main.ts": 'export * from "a"; export default 1;' },
      main: "main.ts",
    };
    const packages = packagesOf(files, { a: "1" });
    const { exports } = await bundleFunction({ ...request, packages }, "a");
    expect(exports).toEqual(["Fault", "default", "not", "used"]);
    expect(await load({ ...request, packages })).toMatchObject({ used: "USED", not: "NOT USED" });
  });

  it("are listed before any is there", async () => {
    const code = `import "./a.ts"; import z from "zod"; import type { T } from "types"; export * from "npm:@a/b@^1/c";
      import "node:fs"; import "fs"; import "drizzle-orm"; import "jsr:@std/x"; const x = () => import("lazy/sub"); require("required"); import { unused } from "unused"; z(x)`;
    const found = ["jsr:@std/x", "lazy/sub", "npm:@a/b@^1/c", "required", "unused", "zod"];
    const input = { files: { "main.ts": code, "a.ts": 'import "zod"' }, main: "main.ts" };
    expect((await importedPackages(input, "a")).sort()).toEqual(found);
    expect(await importedPackages({ code: "import z from 'zod'; z()" }, "a")).toEqual(["zod"]);
    expect(await importedPackages({ code: "export default 1 +" }, "a")).toEqual([]);
    const atOnce = found.filter((name) => !/^(?:lazy|required)/.test(name));
    expect((await importedPackages(input, "a", true)).sort()).toEqual(atOnce);
    const unused = `import x from "jsr:@std/yaml"; export default () => 1`;
    for (const code of [unused, `${unused} as number`]) {
      expect(await importedPackages({ code }, "a")).toEqual(["jsr:@std/yaml"]);
    }
  });
});
