/** Tests the functions that docs/architecture/questions.md names: each is declared in a file beside it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withoutCode } from "../../helpers/markdown.ts";
import { pageAt, ROOT } from "../../helpers/pages.ts";

const { text } = pageAt("docs/architecture/questions.md");
const FILE = /`([\w.-]+(?:\/[\w.-]+)+\.ts)`/g;
const NAME = /`(?:\w+\.)?(#?\w+)\(\)`/g;

/** Splits a page into rows of tables, list items and sentences. */
function unitsOf(page: string): string[] {
  const blocks = withoutCode(page).split(/\n(?=\||#|[-*] |\d+\. |\n)|\n\n/);
  return blocks.flatMap((block) =>
    block.startsWith("|") ? [block] : block.replace(/\s+/g, " ").split(/(?<=[.!?:])\s/),
  );
}

/** Tells whether a source declares a function, a method, or a constant of that name. */
function declares(source: string, name: string): boolean {
  const word = `${name.replace("#", "#?")}\\b`;
  const declaration = [
    `\\bfunction\\*? ${word}`,
    `\\bconst ${word}`,
    // A method: a body or a type follows its parameters, unlike those of a call.
    `^ +(?:(?:static|async|get|readonly) )*${word}(?:<[^>]*>)?\\((?:[^;{}]|\\{[^;{}]*\\})*?\\)(?:(?:: [^;]*?)? \\{|: [^;]*;)$`,
  ];
  return declaration.some((pattern) => new RegExp(pattern, "m").test(source));
}

function sourceOf(path: string): string {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Lists the names in a page that no file in the same row, item or sentence declares. */
function strayNames(page: string): string[] {
  return unitsOf(page).flatMap((unit) => {
    const files = [...unit.matchAll(FILE)].map(([, path = ""]) => sourceOf(path));
    if (files.length === 0) return [];
    const names = [...unit.matchAll(NAME)].map(([, name = ""]) => name);
    return names.filter((name) => !files.some((source) => declares(source, name)));
  });
}

/** Lists the names of a page that no file of the page declares. */
function unknownNames(page: string): string[] {
  const files = [...page.matchAll(FILE)].map(([, path = ""]) => sourceOf(path));
  const names = [...page.matchAll(NAME)].map(([, name = ""]) => name);
  return names.filter((name) => !files.some((source) => declares(source, name)));
}

describe("the functions in the questions of a newcomer", () => {
  it("are declared in a file beside them", () => {
    expect(strayNames(text)).toEqual([]);
  });

  it("are declared in a file of the page, if there is none beside them", () => {
    expect(unknownNames(text)).toEqual([]);
  });

  it("are many", () => {
    expect([...text.matchAll(NAME)].length).toBeGreaterThan(25);
  });
});

describe("a name in the wrong file is noticed", () => {
  it.each([
    ["in a sentence", "Look at `none()` in `src/base/errors.ts`."],
    ["in a row", "| 1 | `src/base/errors.ts` | `Errors.none()` does it |"],
    ["in an item", "1. `none()` of\n   `src/base/errors.ts` does it."],
    ["for a file that is missing", "`messageOf()` of `src/base/none.ts`"],
    ["for a function that is only called", "`compare()` of `src/engines/pool/warm-sandboxes.ts`"],
  ])("%s", (_where, page) => {
    expect(strayNames(page)).toHaveLength(1);
  });

  it.each([
    ["a function", "`messageOf()` of `src/base/errors.ts`"],
    ["a method", "`Pool.acquire()` of `src/engines/pool/pool.ts`"],
    ["a private method", "`#mayTakeLast()` of `src/engines/pool/pool.ts`"],
    ["a function beside another sentence", "See `src/base/errors.ts`. Call `none()`."],
  ])("but not %s", (_what, page) => {
    expect(strayNames(page)).toEqual([]);
  });
});
