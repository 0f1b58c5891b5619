/** Tests packages that were made to break what reads them. */
import { expect, it } from "vitest";
import { BadRequest } from "../../../../src/base/errors.ts";
import { bundleFunction } from "../../../../src/bundler/function-bundle.ts";
import type { Packages } from "../../../../src/bundler/prebundle.ts";
import { packagesOf } from "../../../helpers/package-archive.ts";

const IMPORT_A = 'import a from "a"; export default () => a;';

/** Returns the value that a function gets from packages, or the reason why they are refused. */
async function outcome(packages: Packages, main = IMPORT_A): Promise<unknown> {
  try {
    const files = { "main.ts": main };
    const { code } = await bundleFunction({ files, main: "main.ts", packages }, "a");
    const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
    const { default: run } = (await import(/* @vite-ignore */ url)) as { default: () => unknown };
    return run();
  } catch (error) {
    if (error instanceof BadRequest) return error.message;
    throw error;
  }
}

const LIMITS = /within the limits of time and memory/;

it("gives the files of packages, whatever a package.json or a path says", async () => {
  const nested = `${'{"node":'.repeat(2_000)}"./index.js"${"}".repeat(2_000)}`;
  const seen = "try { return require(path) } catch (e) { return e.code }";
  const packages = packagesOf(
    {
      "prototypes/package.json":
        '{"__proto__":{"main":"./no.js"},"constructor":1,"exports":{"__proto__":"./no.js","toString":"./no.js","default":"./index.js"}}',
      "prototypes/index.js": "module.exports = typeof {}.main;",
      "none/package.json": "[]",
      "none/index.js": "module.exports = 'none';",
      "nested/package.json": `{"exports":${nested}}`,
      "nested/index.js": "module.exports = 'nested';",
      "circle/package.json": { imports: { "#a": "#a", "#b": "circle" }, main: "index.js" },
      "circle/index.js": `const of = (path) => { try { return require("#a") } catch (e) { return e.code } };
        module.exports = [typeof require("#b"), of()];`,
      "host/index.js": `module.exports = ["/etc/passwd", "file:///etc/passwd", "../../../../etc/passwd", "./../../.."].map((path) => { ${seen} });
        try { require("/etc/passwd") } catch (e) { module.exports.push(e.code) }
        try { require("../../../../../etc/passwd") } catch (e) { module.exports.push(e.code) }`,
      "ours/index.js": `require("isolate:bytes/etc/passwd"); require("isolate:meta/../x"); require("isolate:asset/x");
        module.exports = typeof require("isolate:files/").readFileSync;`,
      "../../outside/index.js": "module.exports = 'outside';",
    },
    { prototypes: "1", none: "1", nested: "1", circle: "1", host: "1", ours: "1" },
  );
  const names = Object.keys(packages.dependencies);
  const imports = names.map((name) => `import ${name} from "${name}";`).join("");
  expect(await outcome(packages, `${imports} export default () => ({ ${names} });`)).toEqual({
    prototypes: "undefined",
    none: "none",
    nested: "nested",
    circle: ["object", "MODULE_NOT_FOUND"],
    host: Array(6).fill("MODULE_NOT_FOUND"),
    ours: "function",
  });
});

it.each<[string, Record<string, string | object>, RegExp]>([
  [
    "an exports map of a hundred thousand patterns, all beside it",
    {
      "a/package.json": {
        exports: Object.fromEntries(
          Array.from({ length: 100_000 }, (_, n) => [`./x${n}*`, "./index.js"]),
        ),
      },
      "a/index.js": "module.exports = 1;",
    },
    /Cannot find "a": the package has no such module|limits of time/,
  ],
  [
    "targets outside of the packages",
    { "a/package.json": { exports: { ".": "./../../../etc/passwd" } }, "a/index.js": "" },
    /Cannot find "a": the package has no such module/,
  ],
  [
    "exports in a circle",
    {
      "a/package.json": { type: "module" },
      "a/index.js": 'export * from "./b.js"; export { x as default } from "./b.js";',
      "a/b.js":
        'export * from "./index.js"; export { y as x } from "./index.js"; export { x as y } from "./b.js";',
    },
    /cycle|No matching export|There is no export|limits of time/i,
  ],
  [
    "a module that ends the function around it",
    { "a/index.js": "module.exports = 1; }) } })(); globalThis.out = 1; (() => {" },
    /node_modules\/a\/index\.js:1:\d+: Unexpected/,
  ],
  ["code that is nested beyond measure", { "a/index.js": `x = ${"(".repeat(500_000)}` }, LIMITS],
])("refuses %s, and goes on", async (_what, files, message) => {
  expect(await outcome(packagesOf(files, { a: "1" }))).toMatch(message);
});

it("survives a hundred thousand files, a long path and a line of megabytes", async () => {
  const many = Array.from({ length: 100_000 }, (_, n) => [`a/f/${n % 100}/${n}.js`, ""]);
  const line = `var t=[${"1234567,".repeat(20_000)}],s="${"x".repeat(10_000_000)}";module.exports=t.length + s.length;`;
  const packages = packagesOf(
    {
      "a/index.js": 'module.exports = [require("./line"), typeof require("./f/1/1.js")];',
      "a/line.js": line,
      [`a/${"d/".repeat(400_000)}x.js`]: "",
      ...Object.fromEntries(many),
    },
    { a: "1" },
  );
  const before = process.memoryUsage().rss;
  const result = await outcome(packages);
  // It is more than a bundle may have, once it is made.
  expect(result).toMatch(/^files: Bundled, the packages have 10\d{6} bytes|limits of time/);
  expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000);
});
