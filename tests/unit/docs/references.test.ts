/** Tests references from sources to pages: in messages, findings of the doctor and comments. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf } from "../../helpers/markdown.ts";
import { pageAt, ROOT } from "../../helpers/pages.ts";

const FOLDERS =
  "server src cli egress runner-image doctor dev scripts bin bench tests examples".split(" ");
const FILES = ["compose.yaml", "Dockerfile", "Dockerfile.runner", "package.json"];
const SOURCE = /\.(ts|js|mjs|mts)$/;
const REFERENCE = /(?<![\w/.])((?:docs\/[\w./-]+|SECURITY|README|CONTRIBUTING)\.md)(?:#([\w-]+))?/g;

function sources(): string[] {
  const below = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => SOURCE.test(path) && !path.includes("node_modules"))
      .map((path) => join(folder, path)),
  );
  // Tests of pages name some that do not exist.
  return [...below, ...FILES].filter((path) => !path.startsWith("tests/unit/docs/"));
}

function referencesIn(text: string): [path: string, anchor: string | undefined][] {
  return [...text.matchAll(REFERENCE)].map(([, path = "", anchor]) => [path, anchor]);
}

function deadIn(text: string): string[] {
  return referencesIn(text)
    .filter(([path, anchor]) => {
      if (!existsSync(join(ROOT, path))) return true;
      return anchor !== undefined && !anchorsOf(pageAt(path).text).has(anchor);
    })
    .map(([path, anchor = ""]) => `${path}#${anchor}`);
}

const texts = sources().map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
const referring = texts.filter(({ text }) => referencesIn(text).length > 0);

describe("what sources say of the documentation is there", () => {
  it.each(referring)("in $path", ({ text }) => {
    expect(deadIn(text)).toEqual([]);
  });

  it("and the doctor's advice is among it", () => {
    const doctor = referring.filter(({ path }) => path.includes("doctor/"));
    const anchors = doctor.flatMap(({ text }) =>
      referencesIn(text).flatMap(([, anchor]) => anchor),
    );
    expect(anchors.filter((anchor) => anchor !== undefined).length).toBeGreaterThan(3);
  });
});

describe("a dead reference is noticed", () => {
  it.each(["docs/none.md", "docs/operate/start.md#none", "NONE.md docs/adr/9999-none.md"])(
    "%s",
    (text) => {
      expect(deadIn(`See ${text}.`)).toHaveLength(1);
    },
  );

  it.each(["docs/operate/start.md", "docs/operate/start.md#the-doctor", "/docs/start.js"])(
    "but not %s",
    (text) => {
      expect(deadIn(`See ${text}.`)).toEqual([]);
    },
  );
});
