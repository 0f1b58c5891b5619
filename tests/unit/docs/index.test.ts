/** Tests the two lists of all pages: docs/README.md for people, llms.txt for programs. */
import { posix } from "node:path";
import { expect, it } from "vitest";
import { linksOf } from "../../helpers/markdown.ts";
import { docsPages, pageAt } from "../../helpers/pages.ts";

const pages = docsPages()
  .map(({ path }) => path)
  .filter((path) => path !== "docs/README.md");

function listedIn(path: string): string[] {
  const { text } = pageAt(path);
  return linksOf(text)
    .map(({ target }) => posix.join(posix.dirname(path), target))
    .filter((target) => target.startsWith("docs/") && target.endsWith(".md"));
}

it.each(["docs/README.md", "llms.txt"])("%s lists each page, once", (index) => {
  const listed = listedIn(index).filter((path) => path !== "docs/README.md");
  expect(listed.sort()).toEqual(pages);
});

it("llms.txt has the form of llmstxt.org", () => {
  const [title, blank, summary, ...rest] = pageAt("llms.txt").text.split("\n");
  expect(title).toMatch(/^# \S/);
  expect(blank).toBe("");
  expect(summary).toMatch(/^> \S/);
  const items = rest.slice(rest.findIndex((line) => line.startsWith("## ")));
  for (const line of items) expect(line).toMatch(/^(## \S.*|- \[[^\]]+\]\([^)]+\): \S.*|)$/);
});
