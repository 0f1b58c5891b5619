import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unpack } from "../../src/resourcex/archive/unpack.ts";
import { untar } from "../../src/resourcex/archive/untar.ts";
import { ContentError } from "../../src/resourcex/base/resourcex-errors.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";
import { tarHeader } from "../helpers/tar.ts";

const body = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .array(fc.tuple(fc.constantFrom("path", "size", "mtime", "GNU.sparse.name"), fc.string()))
    .map((records) => records.map(([key, value]) => record(key, value)).join(""))
    .map((text) => new TextEncoder().encode(text)),
);

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  return `${bytes + `${bytes + 3}`.length}${rest}`;
}

/** Entries of any type, size and name, with some bytes changed. */
const tars = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom("0", "5", "x", "g", "L", "K", "1", "2", "\0", "S"),
        fc.oneof(
          fc.constantFrom("a", "a/b", "../a", "/a", "./", "a/"),
          fc.string({ maxLength: 90 }),
        ),
        body,
      ),
      { maxLength: 12 },
    ),
    fc.array(fc.tuple(fc.nat(8_000), fc.nat(255)), { maxLength: 3 }),
  )
  .map(([entries, changes]) => {
    const parts = entries.flatMap(([type, name, content]) => [
      tarHeader(type, content.length, name),
      Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]),
    ]);
    const tar = Buffer.concat([...parts, Buffer.alloc(1_024)]);
    for (const [at, byte] of changes) if (at < tar.length) tar[at] = byte;
    return tar;
  });

describe("an archive", () => {
  it(
    "is read into paths below it and bytes that are in it, or refused as no content",
    () => {
      fc.assert(
        fc.property(tars, (tar) => {
          try {
            for (const [path, bytes] of untar(tar)) {
              expect(path).not.toMatch(/^\/|(^|\/)\.{0,2}(\/|$)|\\/);
              expect(tar.includes(bytes)).toBe(true);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(ContentError);
          }
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "of any bytes is refused as no content",
    () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.boolean(), (bytes, isPacked) => {
          try {
            unpack(isPacked ? gzipSync(bytes) : bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ContentError);
          }
        }),
        FUZZ,
      );
    },
    FUZZ_TIMEOUT,
  );
});
