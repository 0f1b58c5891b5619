/** Tests the tables of folders in docs/architecture.md: complete, and in the order of imports. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { pageAt, ROOT } from "../../helpers/pages.ts";

const { text } = pageAt("docs/architecture.md");
const IMPORT = /(?:from|import\() ?"(\.[^"]+)"/g;

/** Lists the folders below `root` in the first cells of tables, in order. */
function listed(root: string): string[] {
  const cells = text.split("\n").map((line) => /^\| (`[^|]*) \|/.exec(line)?.[1] ?? "");
  const paths = cells.flatMap((cell) => [...cell.matchAll(/`([\w-]+)\/([\w-]+)\/`/g)]);
  return paths.flatMap(([, top, folder = ""]) => (top === root ? [folder] : []));
}

/** Lists the folders below `root` from which a folder imports. */
function importedBy(root: string, folder: string): Set<string> {
  const files = readdirSync(join(ROOT, root, folder), { recursive: true, encoding: "utf8" });
  const found = new Set<string>();
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const path = join(ROOT, root, folder, file);
    for (const [, target = ""] of readFileSync(path, "utf8").matchAll(IMPORT)) {
      const [first = "", rest] = relative(join(ROOT, root), join(dirname(path), target)).split("/");
      if (first !== ".." && rest !== undefined && first !== folder) found.add(first);
    }
  }
  return found;
}

describe.each(["src", "server"])("the folders of %s/", (root) => {
  const order = listed(root);

  it("are all there", () => {
    const entries = readdirSync(join(ROOT, root), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect([...order].sort()).toEqual(folders.sort());
  });

  it("import from those above them alone", () => {
    const upward = order.flatMap((folder, index) =>
      [...importedBy(root, folder)]
        .filter((other) => order.indexOf(other) > index)
        .map((other) => `${folder} imports from ${other}`),
    );
    expect(upward).toEqual([]);
  });
});

it("imports are found", () => {
  expect(importedBy("src", "kernel")).toContain("engines");
});
