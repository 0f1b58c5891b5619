import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BadRequest } from "../../../../src/base/errors.ts";
import { bundleFunction } from "../../../../src/bundler/function-bundle.ts";
import { resolveImport } from "../../../../src/bundler/resolve-import.ts";
import { sample } from "../../../contract/case-choice.ts";

type Files = Record<string, string>;

/** Source of enums whose values the bundler computes. */
const DOUBLING = Array.from({ length: 40 }, (_, n) => `a${n + 1} = a${n} + a${n}`)
  .join()
  .replace(/^/, 'a0 = "x",');

/** Returns the result of a bundle's default export. */
async function call(files: Files, main = "main.ts"): Promise<unknown> {
  const { code } = await bundleFunction({ files, main }, "a");
  const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
  const module = (await import(/* @vite-ignore */ url)) as { default: () => unknown };
  return module.default();
}

/** Returns the reason why files are refused. */
async function refusal(files: Files, main = "main.ts"): Promise<[string, string]> {
  try {
    await bundleFunction({ files, main }, "a");
  } catch (error) {
    if (error instanceof BadRequest) return [error.field, error.message];
    throw error;
  }
  throw new Error("It was bundled");
}

describe("bundling a function", () => {
  it("makes one module of files that import each other, in any of the usual ways", async () => {
    const result = await call(
      {
        "src/main.ts": `import { posix } from "node:path"; import util from "util";
          import { a } from "./a"; import { b } from "./b.js"; import json from "../data.json";
          import index from "./lib"; import note from "../note.md"; import c from "../c.mjs";
          export default (): unknown => [a, b, json.n, index, note, c, posix.sep, typeof util.inspect];
          export const other = 1;`,
        "src/a.ts": 'export * from "./b.ts"; export const a: string = "a";',
        "src/b.ts": 'export const b = "b" as const;',
        "src/lib/index.ts": 'export { default } from "../../c.mjs";',
        "c.mjs": "export default 'c'",
        "data.json": '{"n":1}',
        "note.md": "# Note",
      },
      "src/main.ts",
    );
    expect(result).toEqual(["a", "b", 1, "c", "# Note", "c", "/", "function"]);
  });

  it("keeps the exports of the main module, and imports of what a sandbox has", async () => {
    const files = {
      "main.ts":
        'import { eq } from "drizzle-orm"; export const get = () => eq; export default await 1;',
    };
    const { code } = await bundleFunction({ files, main: "main.ts" }, "a");
    expect(code).toMatch(/from "drizzle-orm"/);
    expect(code).toMatch(/export \{[^}]*get/);
  });

  it.each<[string, Files, string, RegExp]>([
    [
      "a file that is not there",
      { "main.ts": '\nimport "./b.ts"' },
      "files",
      /main\.ts:2:8: .*b\.ts/,
    ],
    ["a file of this host", { "main.ts": 'import "/etc/passwd"' }, "files", /main\.ts:1:8: /],
    [
      "code that does not parse",
      { "main.ts": 'import "./a/b.ts"', "a/b.ts": "let a = 1;\n\nlet b = ;" },
      "files",
      /a\/b\.ts:3:9: Unexpected ";"/,
    ],
    [
      "a main that is not there",
      { "a.ts": "" },
      "main",
      /"main.ts" is not among the files; name one/,
    ],
    ["an absolute path", { "/main.ts": "" }, "files", /"\/main\.ts" is not a path/],
    ["a path that leaves", { "a/../../main.ts": "" }, "files", /is not a path/],
    ["a path with a NUL", { "a\0.ts": "" }, "files", /is not a path/],
    ["a path with a backslash", { "a\\b.ts": "" }, "files", /is not a path/],
    ["a long path", { ["a".repeat(201)]: "" }, "files", /is not a path/],
    ["no file", {}, "main", /"main.ts" is not among the files; name one/],
    ["a megabyte and more", { "main.ts": " ".repeat(1_048_577) }, "files", /exceed the limit/],
    [
      "201 files",
      Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`${n}.ts`, ""])),
      "files",
      /200 at most/,
    ],
  ])("refuses %s", async (_what, files, field, message) => {
    const [named, said] = await refusal(files);
    expect(named).toBe(field);
    expect(said).toMatch(message);
  });

  it.each(
    sample(
      [
        ["import(name)"],
        ["import(name).catch(() => {})"],
        ["{ try { return import(name) } catch {} }"],
        ["{ try { return require(name) } catch {} }"],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the code's.
        ["import(`../../proc/self/${name}`)"],
        ['import("../../proc/self/" + name, { with: { type: "text" } })'],
        ['import("./none/" + name)'],
        ['require("../../etc/" + name)'],
        ["import(Path.proc + name)"],
        ['import(Other.proc + "iron")'],
        ['import("./b.ts", { with: name })'],
        ['import.source("./" + name)'],
        ['import("../" + name)'],
      ],
      4,
    ),
  )("refuses %s, and says where", async (expression) => {
    const main = `import { Other } from "./b.ts";\nenum Path { proc = "../../proc/self/env" }
      export const used = [Other, Path];\nexport default (name) => ${expression};`;
    const b = 'export enum Other { proc = "../../proc/self/env" }';
    expect(await refusal({ "main.ts": main, "b.ts": b })).toEqual([
      "files",
      expect.stringMatching(
        /^files: main\.ts:4:\d+: What is imported or required is not a literal text, as "\.\/names\.ts" is$/,
      ),
    ]);
  });

  it.each(
    sample(
      [
        ['import(Path.proc + "iron", { with: { type: "text" } })', /main\.ts:2:\d+: There is no/],
        ['require(Path.proc + "iron")', /main\.ts:2:\d+: There is no/],
        [
          'import("/proc/self/environ", { with: { type: "text" } })',
          /main\.ts:2:\d+: Cannot import/,
        ],
        ['import("file:///proc/self/environ")', /main\.ts:2:\d+: Cannot import/],
      ],
      2,
    ),
  )("finds no file of a host by %s", async (expression, message) => {
    const main = `enum Path { proc = "../../../../../proc/self/env" }
      export default () => [Path, ${expression}];`;
    expect((await refusal({ "main.ts": main }))[1]).toMatch(message);
  });

  it("names files in its words as they were deployed", async () => {
    const files = {
      "main.ts": 'import { b } from "./a.ts"; export default () => b',
      "a.ts": "export const a = 1",
    };
    expect((await refusal(files))[1]).toMatch(/main\.ts:1:\d+: No matching export in "a\.ts"/);
  });

  it.each(['new URL("../../../../etc/passwd", import.meta.url)', "require.resolve(name)"])(
    "leaves %s alone",
    async (expression) => {
      const files = { "main.ts": `export default (name) => ${expression};` };
      const { code } = await bundleFunction({ files, main: "main.ts" }, "a");
      expect(code).not.toContain("root:");
    },
  );

  it.each([
    ["../../../../etc/passwd", /^There is no/],
    ["./b.ts", /^There is no/],
    ["./toString", /^There is no/],
    ["./__proto__", /^There is no/],
    ["/main.ts", /^Cannot import/],
    ["zod", /^Cannot import "zod": /],
    ["drizzle-orm/mysql-core", /^Cannot import/],
    ["npm:zod", /^Cannot import/],
    ["https://x.example/a.ts", /^Cannot import/],
    ["file:///etc/passwd", /^Cannot import/],
    ["data:text/javascript,1", /^Cannot import/],
    ["", /^Cannot import/],
  ])("finds no %s", (specifier, message) => {
    expect(resolveImport({ "main.ts": "" }, "main.ts", specifier)).toMatch(message);
  });

  it.each([
    ["./b", "a/main.ts", { file: "a/b.ts" }],
    ["./b.js", "a/main.ts", { file: "a/b.ts" }],
    ["..", "a/main.ts", { file: "index.ts" }],
    [".", "main.ts", { file: "index.ts" }],
    ["../a/", "a/main.ts", { file: "a/index.js" }],
    ["node:fs", "main.ts", { external: "node:fs" }],
    ["fs/promises", "main.ts", { external: "node:fs/promises" }],
    ["drizzle-orm/sql", "main.ts", { external: "drizzle-orm/sql" }],
  ])("finds %s from %s", (specifier, importer, found) => {
    const files = { "a/b.ts": "", "index.ts": "", "a/index.js": "" };
    expect(resolveImport(files, importer, specifier)).toEqual(found);
  });

  it("takes a megabyte", async () => {
    const line = 'export const a_ = () => { for (const b of [1, 2, 3]) console.log("b", { b }) };';
    const text = Array.from({ length: 11_000 }, (_, n) => line.replace("_", `${n}`)).join("\n");
    const files = {
      "main.ts": 'import * as all from "./all.ts"; export default () => all',
      "all.ts": text,
    };
    expect(Object.keys((await call(files)) as object)).toHaveLength(11_000);
  });

  it("is not held up by how an import is worded", async () => {
    // The bundler appends the attribute to the file's name.
    const attribute = `${" with {".repeat(40_000)}}x`;
    const files = {
      "main.ts": `import x from "./a.ts" with { k: "${attribute}" }; import y from "./a.ts"; export default () => x + y`,
      "a.ts": "export default 5",
    };
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    await bundleFunction({ files, main: "main.ts" }, "a").catch(() => {});
    // A delay is recorded at its end.
    await sleep(50);
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(1_000);
  });

  it("refuses what becomes too large by it", async () => {
    const enums = Array.from({ length: 21 }, (_, n) => `a${n + 1} = a${n} + a${n}`).join();
    const code = `enum E { a0 = "xx", ${enums} }; export default () => E`;
    expect(await refusal({ "main.ts": code })).toEqual([
      "files",
      expect.stringContaining("2097152"),
    ]);
  });

  it.each([
    ["is nested beyond measure", `export default ${"(".repeat(500_000)}`],
    ["fails at every word of one long line", "yield ".repeat(16_000)],
    ["doubles a text again and again", `enum E { ${DOUBLING} }; export default () => E`],
  ])("survives code that %s, within its limits", async (_how, code) => {
    const before = process.memoryUsage().rss;
    const [field, message] = await refusal({ "main.ts": code });
    expect([field, message]).toEqual(["files", expect.stringMatching(/limits of time and memory/)]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    expect(await call({ "main.ts": "export default () => 1" })).toBe(1);
  });
});

describe("JSX", () => {
  const main = "main.tsx";
  const element = (runtime: string) =>
    `export const jsx = (type, props) => ["${runtime}", type, props]; export const jsxs = jsx;`;
  /** Stands for a package: `./` names work as sources, too. */
  const runtime = { "h/jsx-runtime.js": element("h"), "r/jsx-runtime.js": element("r") };
  const code = "export default () => <b>x</b>;";
  const expected = ["h", "b", { children: "x" }];

  it.each(
    sample<[string, Files]>(
      [
        ["a comment", { [main]: `/** @jsxImportSource ./h */ ${code}` }],
        [
          "a comment, whatever a configuration says",
          {
            [main]: `/** @jsxImportSource ./h */ ${code}`,
            "deno.json": '{"compilerOptions":{"jsx":"react-jsx","jsxImportSource":"./r"}}',
          },
        ],
        [
          "deno.json",
          {
            [main]: code,
            "deno.json": '{"compilerOptions":{"jsx":"precompile","jsxImportSource":"./h"}}',
            "tsconfig.json": '{"compilerOptions":{"jsx":"react","jsxFactory":"r"}}',
          },
        ],
        [
          "deno.jsonc",
          { [main]: code, "deno.jsonc": '{"compilerOptions":{"jsxImportSource":"./h",}}' },
        ],
        [
          "tsconfig.json",
          {
            [main]: code,
            "deno.json": "{}",
            "tsconfig.json":
              '{// JSX:\n"compilerOptions":{"jsx":"preserve","jsxImportSource":"./h"}}',
          },
        ],
        [
          "a factory of tsconfig.json",
          {
            [main]:
              'const h = (type, _, children) => ["h", type, { children }];export default () => <b>x</b>;',
            "tsconfig.json": '{"compilerOptions":{"jsx":"react","jsxFactory":"h"}}',
          },
        ],
        [
          "a configuration that is no JSON, and so none",
          { [main]: `/** @jsxImportSource ./h */ ${code}`, "tsconfig.json": "{" },
        ],
      ],
      3,
    ),
  )("is compiled as %s says", async (_, files) => {
    expect(await call({ ...runtime, ...files }, main)).toEqual(expected);
  });

  it("of a package that is not there is refused by its name", async () => {
    const files = { [main]: `/** @jsxImportSource preact */ ${code}` };
    const [, message] = await refusal(files, main);
    expect(message).toContain('Cannot import "preact/jsx-runtime"');
    expect(message).toContain('Add "preact" to dependencies');
  });
});
