/** Tests what a text may import, found without a parse, against a parser. */
import { parse } from "acorn";
import { describe, expect, it } from "vitest";
import { BUILT_IN, scanImports } from "../../../runner-image/modules/import-scan.ts";

/** Lists what a module imports by its syntax tree. */
function importsOf(text: string): string[] {
  const { body } = parse(text, {
    sourceType: "module",
    ecmaVersion: "latest",
    allowHashBang: true,
  });
  return body.flatMap((node) =>
    "source" in node && node.source ? [String(node.source.value)] : [],
  );
}

const SPACES = [
  "",
  " ",
  "\n",
  "\t",
  "\r\n",
  "\u2028",
  "\ufeff",
  "\v",
  "/**/",
  "//c\n",
  "/* import */ ",
];
const BEFORE = [
  "",
  "#!/usr/bin/env node\n",
  "a;",
  "a\n",
  "{}",
  "do;while(0)",
  "`x`\n",
  "/*\n*/",
  "// *\n",
  "'a'\n",
];
const CLAUSES = [
  (s: string) => `import${s}"node:fs"`,
  (s: string) => `import a from${s}"node:fs"`,
  (s: string) => `import${s}* as a from${s}'node:fs'`,
  (s: string) => `import{a as from}from${s}"fs"`,
  (s: string) => `import a,{${s}b as c,"x y" as d}from"node:fs/promises"`,
  (s: string) => `export${s}*${s}from${s}"drizzle-orm/pg-core"`,
  (s: string) => `export * as${s}"a b"from"node:fs"`,
  (s: string) => `export{a as b}${s}from${s}"node:fs"`,
  (s: string) =>
    `import a from "data:text/javascript,export default 1"`.replace(" from", `${s || " "}from`),
  (s: string) => `import a from "./b.js"${s}with { type: "json" }`,
  (s: string) => `import${s}"\\x6eode:fs"`,
  (s: string) => `import { ${"a, ".repeat(2_000)} b } from${s}"node:fs"`,
];

describe("a scan of imports", () => {
  it("misses none that a parser finds", () => {
    let modules = 0;
    for (const before of BEFORE) {
      for (const space of SPACES) {
        for (const gap of ["", "\n\t ", "/**/"]) {
          for (const clause of CLAUSES) {
            const text = `${before}${gap}${clause(space)};\nfoo.import("x");`;
            let wanted: string[];
            try {
              wanted = importsOf(text.replace(/(a, )+ b/, "b"));
            } catch {
              continue;
            }
            modules += 1;
            const found = scanImports(text);
            const isWhole = wanted.every((name) => found === undefined || found.has(name));
            expect(isWhole, JSON.stringify([text.slice(0, 200), wanted, found && [...found]])).toBe(
              true,
            );
            if (found === undefined) continue;
            for (const name of found) expect(name).toMatch(BUILT_IN);
          }
        }
      }
    }
    expect(modules).toBeGreaterThan(1_000);
  });

  it.each([
    ["strings", 'const words = ["import", "from", "export"]; f("import", "a");'],
    ["a call", 'const a = () => import("x"); import("y"); import.meta.url;'],
    ["properties", '({ import: "x", export: "y" }).import; a.from("x"); Array.from("abc")'],
    ["comments", '/**\n * import { a } from "x"\n */\n// export * from "y"\n'],
    ["exports", 'const a = 1; export { a };\nexport default a;\nexport const b = "from";'],
  ])("takes %s for none", (_what, text) => {
    expect(scanImports(text)).toEqual(new Set());
  });

  it.each([
    ["a package", 'import a from "zod-core.js"'],
    ["a module of the import map", 'import a from "drizzle-orm/pg-core"'],
    ["a comment within", 'import a from /**/ "node:fs"'],
  ])("leaves %s to a parse", (_what, text) => {
    expect(scanImports(text)).toBeUndefined();
  });

  it("finds modules of the runtime", () => {
    const text = 'import a from "node:crypto";import*as b from"fs"\nexport*from "node:os"';
    expect(scanImports(text)).toEqual(new Set(["node:crypto", "fs", "node:os"]));
  });

  it.each([
    ["words", "import ".repeat(300_000)],
    ["statements", "import a\n".repeat(300_000)],
    ["blanks", `import${" ".repeat(2_000_000)}`],
    ["lines", "\n".repeat(2_000_000)],
    ["quotes", 'import"'.repeat(300_000)],
    ["names", `export{${"a,".repeat(1_000_000)}`],
    ["open lists", "export{a\n".repeat(300_000)],
    ["origins", `import${" from".repeat(400_000)}`],
  ])("takes a time in proportion to two megabytes of %s", (_what, text) => {
    const work = (scanned: string): number => {
      const { user } = process.cpuUsage();
      scanImports(scanned);
      return process.cpuUsage().user - user;
    };
    const part = Math.max(work(text.slice(0, text.length / 8)), 20_000);
    expect(work(text)).toBeLessThan(part * 40);
  });
});
