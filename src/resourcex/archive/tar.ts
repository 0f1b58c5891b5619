import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS, mostUnpacked } from "./archive-limits.ts";
import { EntryPaths } from "./entry-paths.ts";
import { digestConfined, unpackConfined } from "./unpacker.ts";

const compress = promisify(gzip);

/** Owner of archives that a library's host unpacks. */
const HOST = "";

/** Fixed header fields, so that equal files make equal archives. */
const HEADER = { mtime: new Date(0), mode: 0o644 };

/**
 * Packs files as tar.gz. Rejects with a `ContentError` if `unpackFiles()` would refuse the archive.
 */
export async function packFiles(files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const paths = new EntryPaths();
  const tar = pack();
  for (const [path, content] of [...files].sort(byPath)) {
    paths.addFile(path);
    tar.entry({ name: path, ...HEADER }, content);
  }
  tar.finalize();
  const unpacked = await collect(tar);
  const packed = await compress(unpacked);
  assertSize(packed);
  if (unpacked.length > mostUnpacked(packed.length)) throw tooMuch(mostUnpacked(packed.length));
  return packed;
}

/**
 * Reads the regular files of a tar.gz into memory, by path. Skips directories. Rejects with a
 * `ContentError` for any other entry, and beyond the limits.
 */
export async function unpackFiles(packed: Buffer): Promise<Map<string, Buffer>> {
  assertSize(packed);
  return unpackConfined(HOST, packed);
}

/**
 * Returns the digest of an archive's files. Rejects with a `ContentError` if `unpackFiles()` would
 * refuse the archive. `owner` is the owner of the archive.
 */
export async function checkArchive(packed: Buffer, owner: string): Promise<string> {
  assertSize(packed);
  return digestConfined(owner, packed);
}

/** Concatenates a stream. For small chunks, events are several times faster than iteration. */
function collect(tar: Pack): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    tar.on("data", (chunk) => chunks.push(chunk as Buffer));
    tar.on("end", () => resolve(Buffer.concat(chunks)));
    tar.on("error", reject);
  });
}

function byPath([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function assertSize(packed: Buffer): void {
  if (packed.length <= ARCHIVE_LIMITS.bytes) return;
  throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.bytes} bytes`);
}

function tooMuch(limit: number): ContentError {
  return new ContentError(`The archive unpacks to more than ${limit} bytes`);
}
