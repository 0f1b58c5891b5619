import { describe, expect, it } from "vitest";
import { parseJsonc } from "../../../../src/base/jsonc.ts";

describe("JSON with comments", () => {
  it.each<[string, unknown]>([
    ['{"a": 1, /* b */ "c": [1, 2, ], // d\n}', { a: 1, c: [1, 2] }],
    ['{"a": "// no /* comment */", "b": ",]"}', { a: "// no /* comment */", b: ",]" }],
    ['{"a\\"//": "\\\\"}', { 'a"//': "\\" }],
    ["[1, // x\n ]", [1]],
    ["\uFEFF[1]", [1]],
    ["[1 /* , */, 2]", [1, 2]],
  ])("%s is read", (text, value) => {
    expect(parseJsonc(text)).toEqual(value);
  });

  it.each(["{", '{"a": }', "[,]x", "[1,,]", '"', "/*"])("%s is refused", (text) => {
    expect(() => parseJsonc(text)).toThrow(SyntaxError);
  });

  it("takes time by its length alone", () => {
    for (const text of ["/*", "//", '"', ",", "[,"]) {
      expect(() => parseJsonc(text.repeat(500_000))).toThrow(SyntaxError);
    }
  });
});
