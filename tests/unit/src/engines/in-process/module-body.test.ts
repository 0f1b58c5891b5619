import { describe, expect, it } from "vitest";
import { IMPORTED, moduleBody, USE } from "../../../../../src/engines/in-process/module-body.ts";

/** Evaluates a module without `await`. Each of its imports gets the same namespace. */
function exportsOf(code: string, imported: object = {}): Record<string, unknown> {
  const { text, specifiers } = moduleBody(code);
  let exports: Record<string, unknown> = {};
  const use = (module: Record<string, unknown>): void => {
    exports = { ...module };
  };
  const evaluate = new Function(IMPORTED, USE, text);
  evaluate(
    specifiers.map(() => imported),
    use,
  );
  return exports;
}

const PACKAGE = { default: "d", a: "a", "a b": "ab" };

describe("a module as a function's body", () => {
  it.each([
    ["constants", "export const a = 1, b = 2", { a: 1, b: 2 }],
    ["a variable that changes later", "export let a = 1; a = 2", { a: 2 }],
    [
      "patterns",
      "export const { x, y: [z = 3, ...r], ...s } = { x: 1, y: [], w: 4 }",
      { x: 1, z: 3, r: [], s: { w: 4 } },
    ],
    ["a class", "export class K {}; export const n = K.name", { K: expect.any(Function), n: "K" }],
    [
      "a function before it is declared",
      "export const a = f(); export function f() { return 1 }",
      { a: 1, f: expect.any(Function) },
    ],
    [
      "a list",
      "const a = 1, b = 2; export { a, b as c, a as default, b as 'd e' }",
      { a: 1, c: 2, default: 1, "d e": 2 },
    ],
    ["an expression", "export default [1].at(0)", { default: 1 }],
    ["an object", "export default { a: 1 };", { default: { a: 1 } }],
    [
      "a function with a name",
      "export const a = f(); export default function f() { return 2 }",
      { a: 2, default: expect.any(Function) },
    ],
    [
      "imports of every kind",
      "import d, { a as x, default as y } from 'p'; import * as n from 'p'; import 'p'; export { d, x, y }; export const m = n.a",
      { d: "d", x: "a", y: "d", m: "a" },
    ],
    [
      "what another module exports",
      "export { a as b, default, 'a b' as c } from 'p'",
      { b: "a", default: "d", c: "ab" },
    ],
    [
      "all of another module but its default",
      "export const a = 'mine'; export * from 'p'",
      { a: "mine", "a b": "ab", default: undefined },
    ],
    ["another module under a name", "export * as p from 'p'", { p: PACKAGE }],
  ])("exports %s", (_what, code, exports) => {
    expect(exportsOf(code, PACKAGE)).toEqual(exports);
  });

  it.each([
    ["export default (x) => x", "default"],
    ["export default function () {}", "default"],
    ["export default async function () {}", "default"],
    ["export default class {}", "default"],
    ["export default function named() {}", "named"],
  ])("names the function of: %s", (code, name) => {
    expect(exportsOf(code).default).toHaveProperty("name", name);
  });

  it("keeps lines, and the columns of what follows", () => {
    const code = "import a from\n  'p';\nexport const x = where;\nexport default  where;";
    const lines = moduleBody(code).text.split("\n").slice(1);
    expect(lines[2]?.indexOf("where")).toBe("export const x = ".length);
    expect(lines[3]?.indexOf("where")).toBe("export default  ".length);
  });

  it("is strict, and refuses what does not parse", () => {
    expect(exportsOf("export const self = (function () { return this })()").self).toBeUndefined();
    expect(() => moduleBody("export const")).toThrow(SyntaxError);
  });
});
