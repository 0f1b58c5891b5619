import { expect, it } from "vitest";
import { frameOf, sourceError } from "../../../../src/bundler/source-error.ts";

it.each([
  [1, 11, "1 | const a = ;\n  |           ^"],
  [1, 0, "1 | const a = ;\n  | ^"],
  [0, 0, "  | ^"],
  [9, 1, "  | ^"],
])("a frame for the claim %i:%i is text", (line, column, expected) => {
  expect(frameOf("const a = ;", line, column)).toBe(expected);
});

it.each([
  ["Illegal return statement", "return 5", /\. The code is a module, and no body of a function: /],
  [
    "Top-level return cannot be used inside an ECMAScript module",
    "return 5",
    /: write export default/,
  ],
  ["Unexpected token ';'", "const a = ;", /Unexpected token ';'$/],
])("a refusal for %s says what to do, if anything is known", (fault, text, expected) => {
  const error = sourceError("code", { fault, file: "main.ts", line: 1, column: 1 }, () => text);
  expect(error.message).toMatch(expected);
  expect(error.message).toMatch(/^code: main\.ts:1:1: /);
});
