/** Tests the tables of modules in docs/library/modules.md against the exports of the package. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { pageAt, ROOT } from "../../helpers/pages.ts";

const { text } = pageAt("docs/library/modules.md");
const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const modules = Object.keys(exports).map((path) => path.replace(/^\./, "isolate"));

/** Lists the modules in cells of a column: 1 for the first one. */
function namesIn(column: number): string[] {
  const cells = text.split("\n").map((line) => line.split(" | ")[column - 1] ?? "");
  return cells
    .filter((cell) => /^(\| )?`/.test(cell))
    .flatMap((cell) =>
      [...cell.matchAll(/`(isolate(?:\/[\w/]+)?)`/g)].map(([, name = ""]) => name),
    );
}

it("every export has its row, once, and no other has one", () => {
  expect(namesIn(1).sort()).toEqual([...modules].sort());
});

it("other names stand for modules that there are", () => {
  const named = namesIn(2);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !modules.includes(name))).toEqual([]);
});

it("every export is made of a source", () => {
  const sources = Object.values<string>(exports).map((path) =>
    path.replace("./dist/library/", "src/").replace(/\.js$/, ".ts"),
  );
  expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
