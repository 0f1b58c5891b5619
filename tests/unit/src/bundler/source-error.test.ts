import { expect, it } from "vitest";
import { frameOf } from "../../../../src/bundler/source-error.ts";

it.each([
  [1, 11, "1 | const a = ;\n  |           ^"],
  [1, 0, "1 | const a = ;\n  | ^"],
  [0, 0, "  | ^"],
  [9, 1, "  | ^"],
])("a frame for the claim %i:%i is text", (line, column, expected) => {
  expect(frameOf("const a = ;", line, column)).toBe(expected);
});
