import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS } from "./archive-limits.ts";
import { EntryPaths, refusal } from "./entry-paths.ts";
import { PaxHeaders } from "./pax.ts";

const BLOCK = 512;
const FILE: readonly string[] = ["0", "\0"];
const DIRECTORY = "5";
/** Header types about the next entry or about all entries, such as a long path. */
const NEXT_PAX = "x";
const NEXT_LONG_NAME = "L";
const GLOBAL_PAX = "g";

/** Names of refused entry types, for messages. */
const OTHERS: Readonly<Record<string, string>> = {
  "1": "link",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory with content",
  "6": "fifo",
};

const decoder = new TextDecoder();

/**
 * Reads the files in a tar file, by path. It is the only reader of archives, in sandboxes and in
 * confined processes. Synchronous, because a type gets its files as a property. The returned bytes
 * are views of `tar`.
 *
 * @throws {ContentError} For entries that no archive may have, and beyond the limits.
 */
export function untar(tar: Uint8Array): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const paths = new EntryPaths();
  const pax = new PaxHeaders();
  let longPath: string | undefined;
  let headers = 0;
  for (let at = 0; at < tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.length < BLOCK) throw cutOff();
    if (header.every((byte) => byte === 0)) break;
    headers += 1;
    if (headers > ARCHIVE_LIMITS.headers) {
      throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.headers} headers`);
    }
    const size = sizeOf(header);
    const body = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (body.length < size) throw cutOff();
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    const isAboutOthers = type === NEXT_PAX || type === NEXT_LONG_NAME || type === GLOBAL_PAX;
    if (isAboutOthers && size > ARCHIVE_LIMITS.recordBytes) {
      throw new ContentError(
        `A header has more than ${ARCHIVE_LIMITS.recordBytes} bytes of records`,
      );
    }
    if (type === NEXT_PAX) longPath = pax.path(body) ?? longPath;
    else if (type === NEXT_LONG_NAME) longPath = text(body);
    else if (type === GLOBAL_PAX) pax.skip(body);
    else {
      const path = (longPath ?? pathOf(header)).replace(/^\.\//, "");
      longPath = undefined;
      if (FILE.includes(type) && !path.endsWith("/")) {
        paths.addFile(path);
        files.set(path, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
      } else if (size === 0 && (type === DIRECTORY || FILE.includes(type))) {
        const directory = path.replace(/\/$/, "");
        if (directory !== "" && directory !== ".") paths.addDirectory(directory);
      } else {
        const kind = OTHERS[type] ?? JSON.stringify(type);
        throw refusal(path, `it is neither a file nor a directory (${kind})`);
      }
    }
  }
  return files;
}

/**
 * Reads the size in a header, in octal digits. Checks the header's sum first: other bytes have no
 * size.
 */
function sizeOf(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  if (sum !== octal(header.subarray(148, 156))) throw noTar();
  const size = octal(header.subarray(124, 136));
  // Larger sizes have another format. No archive may have such a file.
  if (!Number.isSafeInteger(size) || size < 0) throw noTar();
  return size;
}

function octal(field: Uint8Array): number {
  return Number.parseInt(text(field).trim() || "0", 8);
}

function pathOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  // GNU's older format uses the field of the path's front differently.
  const isStandard = header[262] === 0;
  const prefix = isStandard ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function cutOff(): ContentError {
  return new ContentError("The archive cannot be read: it is cut off");
}

function noTar(): ContentError {
  return new ContentError("The archive cannot be read: it holds no tar file");
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}
