/**
 * Tests the paths of sources in pages. Records of decisions name old paths, so they are left out.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { docsPages, pageAt, ROOT } from "../../helpers/pages.ts";

const FOLDERS =
  "server|src|cli|egress|runner-image|doctor|dev|tests|scripts|bin|bench|schemas|examples";
const PATH = new RegExp(`(?<![\\w./-])(?:${FOLDERS})/[\\w.*/-]*[\\w/*]`, "g");

const pages = [...["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(pageAt), ...docsPages()];

/** Finds paths in a text: files, and folders with or without a slash at the end. */
function pathsIn(text: string): string[] {
  return (text.match(PATH) ?? []).filter((path) => !path.includes("*"));
}

function missingIn(text: string): string[] {
  return pathsIn(text).filter((path) => !existsSync(join(ROOT, path)));
}

describe("every source file a page names exists", () => {
  it.each(pages)("in $path", ({ text }) => {
    expect(missingIn(text)).toEqual([]);
  });

  it("and there are many of them", () => {
    expect(pages.flatMap(({ text }) => pathsIn(text)).length).toBeGreaterThan(100);
  });
});

describe("a path that is wrong is noticed", () => {
  it.each(["server/none.ts", "src/none/", "tests/unit/none.test.ts"])("%s", (path) => {
    expect(missingIn(`See \`${path}\`, there.`)).toEqual([path]);
    expect(missingIn(`  stage ${path}   401`)).toEqual([path]);
  });

  it.each(["server/main.ts", "src/", "https://example.com/src/none.ts", "./dist/server/none.js"])(
    "but not %s",
    (path) => {
      expect(missingIn(`See ${path}, there.`)).toEqual([]);
    },
  );
});
