import fc from "fast-check";
import { expect, it } from "vitest";
import { changedFiles, diff, type Line } from "../../../console/functions/diff.ts";

const shown = (lines: readonly Line[]) => lines.map(({ kind, text }) => `${kind}${text}`);
const side = (lines: readonly Line[], left: "+" | "-") =>
  lines
    .filter(({ kind }) => kind !== left)
    .map(({ text }) => text)
    .join("\n");

it("lines that two texts have in common are kept", () => {
  expect(shown(diff("a\nb\nc\nd", "a\nc\nx\nd"))).toEqual([" a", "-b", " c", "+x", " d"]);
  expect(shown(diff("a", "a"))).toEqual([" a"]);
  expect(shown(diff("a\na", "a"))).toEqual([" a", "-a"]);
});

it("a difference leads from one text to the other", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 })
    .map((l) => l.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diff(before, after);
      expect([side(lines, "+"), side(lines, "-")]).toEqual([before, after]);
    }),
  );
});

it("long texts without a common line are replaced, in bounded memory", () => {
  const long = (name: string) => Array.from({ length: 5_000 }, (_, line) => name + line).join("\n");
  const lines = diff(long("a"), long("b"));
  expect([side(lines, "+"), side(lines, "-")]).toEqual([long("a"), long("b")]);
});

it("only files that differ are shown", () => {
  const changed = changedFiles(
    { "a.ts": "1", "b.ts": "2", "c.ts": "3" },
    { "a.ts": "1", "b.ts": "4" },
  );
  expect(changed.map(({ path }) => path)).toEqual(["b.ts", "c.ts"]);
});
