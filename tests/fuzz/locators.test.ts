import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocatorError } from "../../src/resourcex/base/resourcex-errors.ts";
import { formatRXI, parseRXI } from "../../src/resourcex/data/identifier.ts";
import { formOf, parseRXL } from "../../src/resourcex/data/locator.ts";
import { storableOfRXI, storageSegments, toStorable } from "../../src/resourcex/data/storable.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";

const DIGEST = `sha256:${"7f".repeat(32)}`;
const piece = fc.constantFrom(
  "a",
  "text",
  "1",
  ".",
  "..",
  "/",
  ":",
  "@",
  "%2e",
  "%2F",
  "%00",
  "$",
  "\\",
  "localhost",
  "x.org",
  ":80",
  "sha256:",
  DIGEST,
  "\0",
  "é",
);
const locator = fc.oneof(
  fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")),
  fc.string({ maxLength: 60 }),
);

/** Runs a parser. Returns nothing for a locator that it refuses. */
function accepted<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(LocatorError);
    return undefined;
  }
}

describe("a hostile locator", () => {
  it(
    "is parsed without an error, and gives its text back",
    () => {
      fc.assert(
        fc.property(locator, (text) => String(parseRXL(text)) === text),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "leads below one directory in its parser's and its reader's eyes, or is refused",
    () => {
      fc.assert(
        fc.property(locator, (text) => {
          const storable = accepted(() => toStorable(text));
          if (storable === undefined) return;
          for (const segment of storageSegments(storable)) {
            expect(["", ".", ".."]).not.toContain(segment);
            expect(segment).not.toMatch(/[\0/\\]/);
          }
          expect(parseRXL(text).domain ?? "localhost").toBe(storable.domain);
          const isDigest = formOf(text) !== "typed" && text.includes("@");
          expect(storable.digest).toBe(isDigest ? DIGEST : undefined);
          // Refuses a digest that would be read as a version, because it would never be checked.
          expect(storable.version ?? "").not.toMatch(/^sha256:/);
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "of today has one meaning, whoever writes it down again",
    () => {
      fc.assert(
        fc.property(locator, (text) => {
          const parts = accepted(() => parseRXI(text));
          if (parts === undefined) return;
          const again = formatRXI(parts);
          expect(parseRXI(again)).toEqual(parts);
          const own = accepted(() => storableOfRXI(parts));
          if (own === undefined) return;
          expect({ ...toStorable(again) }).toEqual({ ...own });
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );
});
