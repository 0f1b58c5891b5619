/** Holds the source to the bounds that CONTRIBUTING.md gives it. */
import { expect, it } from "vitest";
import { circles, circlesOfTests, structure } from "../../scripts/structure.mjs";

const figures = structure();

it("half of the files have at most 80 lines, and none has more than 400", () => {
  expect(figures.files).toBeGreaterThan(300);
  expect(figures.median).toBeLessThanOrEqual(80);
  expect(figures.longest.lines).toBeLessThanOrEqual(400);
});

it("no folders import each other", () => {
  expect(figures.circles).toEqual([]);
});

it("no modules of the tests import each other, types included", () => {
  const a = 'import type { B } from "./b.ts";';
  const found = (b: string) =>
    circles(
      new Map([
        ["t/a.ts", a],
        ["t/b.ts", b],
      ]),
      (path) => path,
    );
  expect(found('import "./c.ts";')).toEqual([]);
  expect(found('import type { A } from "./a.ts";')).toEqual(["t/a.ts t/b.ts"]);
  expect(circlesOfTests()).toEqual([]);
});

it("a request gets to Docker by at most seven files", () => {
  expect(figures.spine).toBeLessThanOrEqual(7);
});

it("no function has more than 100 lines of its own", () => {
  expect(figures.longestFunction.lines).toBeLessThanOrEqual(100);
});
