import { describe, expect, it } from "vitest";
import { BadRequest } from "../../../../src/base/errors.ts";
import { bundleFunction, checkModule } from "../../../../src/bundler/function-bundle.ts";

type Files = Record<string, string>;
type Main = (input?: unknown) => unknown;

/** Evaluates a bundle of files and returns its default export. */
async function load(files: Files, main = "main.ts"): Promise<Main> {
  const { code } = await bundleFunction({ files, main }, "a");
  const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
  return ((await import(/* @vite-ignore */ url)) as { default: Main }).default;
}

async function refused(work: Promise<unknown>): Promise<BadRequest> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BadRequest) return error;
    throw error;
  }
  throw new Error("It was accepted");
}

describe("names in a bundle", () => {
  it("stay where two files have the same", async () => {
    const main = await load({
      "main.ts": `import { f, helper } from "./f.ts";
        class ValidationError extends Error { constructor(m: string) { super(m); this.name = new.target.name; } }
        const names = () => { const helper = () => {}; return helper.name; };
        const same = function helper() {};
        export default () => [f().constructor.name, new ValidationError("x").name, names(), same.name, helper.name];`,
      "f.ts": `export class ValidationError extends Error {}
        export const f = () => new ValidationError("f");
        export function helper() {}`,
    });
    expect(main()).toEqual(["ValidationError", "ValidationError", "helper", "helper", "helper"]);
  });

  it("stay for classes that use their own name, and for class expressions with one", async () => {
    const main = await load({
      "main.ts": `class A { static x = 1; y() { return A.x } }
        const D = class _D { y() { return _D } };
        { class A {} ; new A() }
        export default () => [A.name, D.name, new A().y()];`,
    });
    expect(main()).toEqual(["A", "_D", 1]);
  });

  it("are those of the language for anonymous default exports", async () => {
    const main = await load({
      "main.ts":
        'import f from "./f.ts"; import C from "./c.ts"; export default () => [f.name, C.name];',
      "f.ts": "export default function () {}",
      "c.ts": "export default class { static x = 1 }",
    });
    expect([main.name, main()]).toEqual(["default", ["default", "default"]]);
  });

  it("put nothing into the text of functions", async () => {
    const main = await load({
      "main.ts":
        'import { n } from "./n.ts"; const inner = () => { const g = () => 1; return g; }; export default () => [String(inner), n];',
      "n.ts": "export const n = 1",
    });
    expect(main()).toEqual([expect.not.stringContaining("__name"), 1]);
  });
});

describe("what files import", () => {
  it("may have a variable part, among the files", async () => {
    const main = await load({
      "main.ts": `import { named } from "./lib/index.ts";
        export default async (n) => [
          (await import(\`./\${n}.ts\`)).a, (await import("./lib/" + n)).default, (await import(\`./\${n}.js\`)).a,
          await named(n), await import(/* webpackIgnore: true */ \`./lib/\${n}.json\`).catch(({ message }) => message),
        ]`,
      "a.ts": "export const a = 1",
      "lib/a.ts": "export default 2",
      "lib/index.ts":
        'export const named = async (n: string) => (await import("../deep/" + n + "/b.ts")).b;',
      "deep/a/b.ts": "export const b = 3",
      "lib/x.json": "{}",
    });
    expect(await main("a")).toEqual([
      1,
      2,
      1,
      3,
      'Cannot find "./lib/a.json" among the files, imported from main.ts',
    ]);
  });

  it("may be the runtime's modules by require, and files with a variable part", async () => {
    const main = await load({
      "main.ts": 'import c from "./c.cjs"; export default (n) => [c.x, c.y, c.pick(n)]',
      "c.cjs": `const p = require("node:path"); const { readFileSync } = require("fs");
        module.exports = { x: p.join("a", "b"), y: typeof readFileSync, pick: (n) => require("./lib/" + n).v };`,
      "lib/one.js": "exports.v = 1",
    });
    expect(main("one")).toEqual(["a/b", "function", 1]);
  });

  it("is JavaScript in files of JavaScript", async () => {
    const { code } = await bundleFunction(
      {
        files: {
          "main.ts": 'import l from "./lib.js"; export default () => l(1,2,3)',
          "lib.js": "module.exports=(e,t,n)=>{let r;const i=(...x)=>x;return i(e<t,n>(r=2))}",
        },
        main: "main.ts",
      },
      "a",
    );
    expect(code).toMatch(/i\(e < t, n > \(r = 2\)\)/);
  });
});

describe("a check of one module", () => {
  it.each([
    ["export default () => {\n  const a = ;\n}", 2, 13, /Expression expected/],
    ["const n: number = 1;\n\nconst b: = 2", 3, 10, /./],
    ["return 5", 1, 1, /return/],
    ["export default () => <b x='1'>y</b>", 1, undefined, /./],
    ['\nimport x from "./nope.ts"', 2, 15, /There is no "\.\/nope\.ts"/],
    ["// a\nimport x from 'lodash'", 2, 15, /Cannot import "lodash"/],
    ['export * from "npm:lodash"', 1, 15, /Cannot import "npm:lodash"/],
  ])("refuses %j", async (code, line, column, message) => {
    const { field, location, message: said } = await refused(checkModule({ code }, "a"));
    expect([field, location]).toMatchObject(["code", { file: "main.ts", line }]);
    if (column !== undefined) expect(location?.column).toBe(column);
    expect(said).toMatch(message);
    expect(location?.frame.split("\n").at(-1)).toMatch(/^ *\| *\^$/);
  });

  it.each([
    ["#!/usr/bin/env deno\nexport default 1", ["default"]],
    ["export default () => { using x = null; }", ["default"]],
    [
      'import a from "data:application/json,1" with { type: "json" }; export const b = await a',
      ["b"],
    ],
    [
      'import { IncomingMessage } from "http"; import type { X } from "./x.ts"; export enum A { B }\nexport default (a: IncomingMessage, x: X) => 1',
      ["A", "default"],
    ],
    ["const d = (v: any, c: any) => v;\n@d class A {}\nexport default A", undefined],
    ["/** @jsx h */\nconst h = 1; export default () => <b>x</b>", undefined],
    ['export * from "node:fs"', undefined],
    ['export default () => import("./nope.ts").catch(() => 1)', ["default"]],
    ["const f=(...x)=>x, a=1, b=2, c=3; let d; export default () => f(a<b, c>(d=1))", ["default"]],
    ["export default () => /[a--b]/v", ["default"]],
    ["export { x as 'a b', x as default }; var x", ["a b", "default"]],
    [Array.from({ length: 2_000 }, (_, n) => `export const a${n} = 1`).join("\n"), undefined],
  ])("accepts %j", async (code, exports) => {
    expect((await checkModule({ code }, "a")).exports).toEqual(exports);
  });

  it("reads JavaScript alone if the language says so", async () => {
    const code = "export default (x: number) => x";
    const { message } = await refused(checkModule({ code, language: "javascript" }, "a"));
    expect(message).toMatch(/^code: main\.ts:1:18: Unexpected token/);
  });
});
