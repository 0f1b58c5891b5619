import { existsSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, linksOf } from "../../helpers/markdown.ts";
import { docsPages, type Page, pageAt, ROOT } from "../../helpers/pages.ts";

const pages = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "llms.txt"].map(pageAt),
  ...docsPages({ records: true }),
];

/** Lists the links of a page that lead nowhere. */
function deadLinks({ path, text }: Page): string[] {
  return linksOf(text)
    .filter(({ target }) => !/^[a-z]+:/.test(target) && !leadsSomewhere(path, target))
    .map(({ target, line }) => `${path}:${line} ${target}`);
}

function leadsSomewhere(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? from : posix.join(dirname(from), file);
  if (path.startsWith("..") || !existsSync(join(ROOT, path))) return false;
  if (anchor === undefined) return true;
  if (statSync(join(ROOT, path)).isDirectory()) return false;
  return anchorsOf(pageAt(path).text).has(anchor);
}

it.each(pages)("the links of $path lead somewhere", (page) => {
  expect(deadLinks(page)).toEqual([]);
});

describe("a dead link is noticed", () => {
  it.each([
    ["to a file", "[a](api/none.md)"],
    ["to an anchor of another page", "[a](api/errors.md#none)"],
    ["to an anchor of the page", "[a](#none)"],
    ["out of the project", "[a](../../x.md)"],
  ])("%s", (_what, text) => {
    expect(deadLinks({ path: "docs/README.md", text })).toHaveLength(1);
  });

  it.each([
    ["to a page", "[a](api/errors.md#codes-of-the-registry)"],
    ["to a site", "[a](https://example.com/x#y)"],
    ["in code", "`[a](none.md)`"],
  ])("but not %s", (_what, text) => {
    expect(deadLinks({ path: "docs/README.md", text })).toEqual([]);
  });
});

it("anchors are GitHub's", () => {
  const page = "# A `b`: c, d\n## Over 2\n## Over 2\n```\n# not this\n```\n## [Link](x.md) end";
  expect([...anchorsOf(page)]).toEqual(["a-b-c-d", "over-2", "over-2-1", "link-end"]);
});
