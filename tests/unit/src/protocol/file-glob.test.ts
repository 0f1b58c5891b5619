import { expect, it } from "vitest";
import { matchesGlob } from "../../../../src/protocol/file-glob.ts";

it.each([
  ["*.png", ["a.png", ".png"], ["a/b.png", "a.png.txt", "a.pn"]],
  ["report/**", ["report/a", "report/a/b"], ["report2/a", "a/report/b"]],
  ["**/*.csv", ["a.csv", "a/b/c.csv"], ["a.csv/b"]],
  ["a?c", ["abc"], ["ac", "a/c"]],
  ["a/**/z", ["a/z", "a/b/c/z"], ["a/b"]],
  ["**", ["a", "a/b"], []],
  ["[a].+", ["[a].+"], ["a.b"]],
])("%s matches %j and not %j", (glob, matching, others) => {
  expect(matching.filter((path) => !matchesGlob(path, glob))).toEqual([]);
  expect(others.filter((path) => matchesGlob(path, glob))).toEqual([]);
});

it("takes no longer for patterns that a regular expression would try for ever", () => {
  expect(matchesGlob("a".repeat(200), `${"*a".repeat(49)}*b`)).toBe(false);
  expect(matchesGlob(`${"a/".repeat(15)}a`, `${"**/a/".repeat(10)}b`)).toBe(false);
});
