import { describe, expect, it } from "vitest";
import { moduleOf } from "../../../../../src/resourcex/types/type-module.ts";
import { sample } from "../../../../contract/case-choice.ts";

/** Imports the module into this process, because the code is the test's own. */
async function run(code: string): Promise<unknown> {
  const { text } = await moduleOf(code);
  const url = `data:text/javascript,${encodeURIComponent(text)}`;
  const module = (await import(/* @vite-ignore */ url)) as {
    default: (...args: unknown[]) => unknown;
  };
  const manifest = { domain: "localhost", name: "a", type: "b", version: "1" };
  return module.default({ locator: "a.b@1", manifest, args: { n: 1 } }, new Uint8Array());
}

const RESOLVE =
  "async resolve(resource, args) { return [String(resource.locator), args.n, this.name] }";

describe("code runs as", () => {
  it.each(
    sample(
      [
        ["a module", `export default { name: "x", ${RESOLVE} };`],
        [
          "a module with other exports",
          `export const y = 1; const t = { name: "x", ${RESOLVE} }; export { t as default };`,
        ],
        [
          "a module that starts with a parenthesis",
          `(() => {})(); export default { name: "x", ${RESOLVE} };`,
        ],
        ["CommonJS", `module.exports = { name: "x", ${RESOLVE} };`],
        [
          "statements with a resolver",
          `// @resolver: my_type\nconst my_type = { name: "x", ${RESOLVE} };`,
        ],
        [
          "statements that end in a comment",
          `// @resolver: t\nvar t = { name: "x", ${RESOLVE} }; // end`,
        ],
        ["an expression", `({ name: "x", ${RESOLVE} })`],
        [
          "an expression with comments around it",
          `/* a */ // b\n({ name: "x", ${RESOLVE} }); // c`,
        ],
        [
          "names that the runtime has as well",
          `class Archive {} const describe = 1, entryOf = 2; export default { name: "x", ${RESOLVE} };`,
        ],
      ],
      3,
    ),
  )("%s", async (_what, code) => {
    expect(await run(code)).toEqual(["a.b@1", 1, "x"]);
  });
});

it("a module may use what every runtime has, by import and by require", async () => {
  const code = `import { basename } from "node:path"; import { Buffer } from "buffer";
    export default { resolve: () => [basename("/a/b"), Buffer.from("x").length, require("path").extname("a.b")] };`;
  expect(await run(code)).toEqual(["b", 1, ".b"]);
});

describe("code is refused that", () => {
  it.each([
    ["does not parse", "export default {", "but found end of file (type:type.js:1)"],
    ["imports a file", 'import "./a.js"; export default {}', 'It imports "./a.js"'],
    [
      "imports a file of the host",
      'import a from "/etc/hosts.json" with { type: "json" }; export default a',
      'It imports "/etc/hosts.json"',
    ],
    ["imports a package", 'export { default } from "zod"', 'It imports "zod"'],
    [
      "imports by URL",
      'import a from "data:text/javascript,export default 1"; export default a',
      'It imports "data:',
    ],
    ["is TypeScript", "export default { resolve(): number { return 1 } }", "Expected"],
    // In TypeScript the bundler would compute these. 64 of them exceed any memory.
    ["has an enum", `enum A { a = "x", b = a + a } export default A`, '"enum"'],
    [
      "names a resolver there is not",
      "// @resolver: gone\nconst here = {};",
      '"gone" is not declared',
    ],
  ])("%s", async (_what, code, message) => {
    await expect(moduleOf(code)).rejects.toThrow(message);
  });
});

it("is made once", async () => {
  const code = "export default { name: 'once', resolve() {} }";
  expect(await moduleOf(code)).toBe(await moduleOf(code));
});
