import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS } from "./archive-limits.ts";

const SPACE = 32;
const LINE_FEED = 10;
const EQUALS = 61;
/** Most digits of a record's length. */
const DIGITS = 6;

/** Records that would change an entry's end or all paths. Other readers treat them differently. */
const REFUSED = /^(size|linkpath|GNU\.sparse\..*)$/;
const REFUSED_FOR_ALL = /^(path|size|linkpath|GNU\.sparse\..*)$/;

const decoder = new TextDecoder();

/** Reads the pax headers of one archive and counts their records: `<length> <key>=<value>\n`. */
export class PaxHeaders {
  #records = 0;

  /**
   * Returns the next entry's path, if the header has one.
   *
   * @throws {ContentError} For a malformed header or a refused record.
   */
  path(body: Uint8Array): string | undefined {
    let path: string | undefined;
    for (const [key, value] of this.#read(body)) {
      if (REFUSED.test(key)) throw refused(key);
      if (key === "path") path = decoder.decode(value);
    }
    return path;
  }

  /** Checks a header about all entries that follow. */
  skip(body: Uint8Array): void {
    for (const [key] of this.#read(body)) if (REFUSED_FOR_ALL.test(key)) throw refused(key);
  }

  *#read(body: Uint8Array): Generator<[key: string, value: Uint8Array]> {
    for (let at = 0; at < body.length; ) {
      this.#records += 1;
      if (this.#records > ARCHIVE_LIMITS.records) {
        throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.records} pax records`);
      }
      const digits = body.subarray(at, at + DIGITS + 1).indexOf(SPACE);
      const length = Number(decoder.decode(body.subarray(at, at + Math.max(digits, 0))));
      const record = body.subarray(at + digits + 1, at + length - 1);
      const middle = record.indexOf(EQUALS);
      const isWhole = digits > 0 && Number.isSafeInteger(length) && length > digits + 1;
      if (!isWhole || middle < 1 || body[at + length - 1] !== LINE_FEED) {
        throw new ContentError("The archive cannot be read: it has a pax header that is none");
      }
      yield [decoder.decode(record.subarray(0, middle)), record.subarray(middle + 1)];
      at += length;
    }
  }
}

function refused(key: string): ContentError {
  return new ContentError(`The archive has a pax header with "${key}", which has no place in one`);
}
