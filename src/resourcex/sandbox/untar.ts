import { EntryPaths, refusal } from "../entry-paths.ts";
import { ContentError } from "../errors.ts";

const BLOCK = 512;
const FILE: readonly string[] = ["0", "\0"];
const DIRECTORY = "5";
/** Entries that are about the next one, or about all: with a longer path than a header holds. */
const NEXT_PAX = "x";
const NEXT_LONG_NAME = "L";
const GLOBAL_PAX = "g";

const decoder = new TextDecoder();

/**
 * The files in a tar file, by path, as `unpackFiles()` gives them outside of a sandbox, but at once:
 * there is no waiting in the property that a type finds them in. The bytes are views of `tar`.
 * Throws a `ContentError` for what has no place in an archive.
 */
export function untar(tar: Uint8Array): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const paths = new EntryPaths();
  let longPath: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = sizeOf(header);
    const body = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (body.length < size) throw new ContentError("The archive is cut off");
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === NEXT_PAX) longPath = paxPath(body) ?? longPath;
    else if (type === NEXT_LONG_NAME) longPath = text(body);
    else if (type !== GLOBAL_PAX) {
      const path = (longPath ?? pathOf(header)).replace(/^\.\//, "");
      longPath = undefined;
      if (FILE.includes(type) && !path.endsWith("/")) {
        paths.addFile(path);
        files.set(path, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
      } else if (size === 0 && (type === DIRECTORY || FILE.includes(type))) {
        const directory = path.replace(/\/$/, "");
        if (directory !== "" && directory !== ".") paths.addDirectory(directory);
      } else throw refusal(path, "it is neither a file nor a directory");
    }
  }
  return files;
}

/** Octal digits, taken once the header's sum is right: what is no header is no size either. */
function sizeOf(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  if (sum !== octal(header.subarray(148, 156))) throw new ContentError("It holds no tar file");
  const size = octal(header.subarray(124, 136));
  // Larger files are written in another way, and none fits into an archive.
  if (!Number.isSafeInteger(size) || size < 0) throw new ContentError("It holds no tar file");
  return size;
}

function octal(field: Uint8Array): number {
  return Number.parseInt(text(field).trim() || "0", 8);
}

function pathOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  // GNU's older format has other things where the standard one has the front of the path.
  const isStandard = header[262] === 0;
  const prefix = isStandard ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** The path in a pax header: records of `<length> <key>=<value>\n`. */
function paxPath(body: Uint8Array): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const length = space < 0 ? 0 : Number(decoder.decode(body.subarray(at, space)));
    if (!Number.isSafeInteger(length) || length <= 0) break;
    const record = decoder.decode(body.subarray(space + 1, at + length - 1));
    if (record.startsWith("path=")) path = record.slice("path=".length);
    at += length;
  }
  return path;
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}
