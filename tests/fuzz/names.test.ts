import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveImport } from "../../src/bundler/resolve-import.ts";
import { ResourceXError } from "../../src/resourcex/base/resourcex-errors.ts";
import { createRXM, type RXM } from "../../src/resourcex/data/manifest.ts";
import { storableOf, storageSegments, toStorable } from "../../src/resourcex/data/storable.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";

const part = fc.constantFrom(
  "a",
  "b.ts",
  "..",
  ".",
  "",
  "lib",
  "index",
  "proc",
  "@",
  "x.org",
  "%2e",
);
const path = fc.oneof(
  fc.array(part, { maxLength: 8 }).map((parts) => parts.join("/")),
  fc.string({ maxLength: 60 }),
);
const FILES = { "main.ts": "", "a/index.ts": "", "a/b.ts": "", "lib/a.js": "" };

function isDirectoryName(segment: string): boolean {
  return segment !== "" && segment !== "." && segment !== ".." && !/[\0/\\]/.test(segment);
}

describe("hostile names", () => {
  it(
    "an import leads to one of the files, to a module of the runtime, or nowhere",
    () => {
      fc.assert(
        fc.property(fc.constantFrom(...Object.keys(FILES)), path, (importer, specifier) => {
          const found = resolveImport(FILES, importer, specifier);
          if (typeof found === "string") return;
          if ("file" in found) expect(Object.keys(FILES)).toContain(found.file);
          else expect(found.external).toMatch(/^(node:|drizzle-orm)/);
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "a locator becomes directories below one, or is refused",
    () => {
      const locator = fc
        .tuple(path, path)
        .map(([name, version]) => `x.org/${name}.text@${version}`);
      fc.assert(
        fc.property(fc.oneof(locator, path), (text) => {
          try {
            const segments = storageSegments(toStorable(text));
            expect(segments.every(isDirectoryName)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(ResourceXError);
          }
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "a manifest of any JSON becomes a locator, or is refused",
    () => {
      const fields = fc.record(
        {
          domain: fc.oneof(fc.constant("x.org"), path, fc.jsonValue()),
          path: fc.oneof(path, fc.jsonValue()),
          name: fc.oneof(path, fc.jsonValue()),
          type: fc.oneof(fc.constant("text"), path),
          version: fc.oneof(fc.constant("1"), path),
        },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(fc.oneof(fields, fc.jsonValue()), (given) => {
          try {
            const segments = storageSegments(storableOf(createRXM(given as RXM)));
            expect(segments.every(isDirectoryName)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(ResourceXError);
          }
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );
});
