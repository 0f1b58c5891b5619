import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS, mostUnpacked } from "./archive-limits.ts";
import { EntryPaths } from "./entry-paths.ts";
import { writeTar } from "./tar-writer.ts";

/**
 * Packs files as tar.gz, on a host and in a sandbox. Rejects with a `ContentError` if `unpack()`
 * would refuse the archive.
 */
export async function packFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  const paths = new EntryPaths();
  const sorted = [...files].sort(byPath);
  for (const [path] of sorted) paths.addFile(path);
  const unpacked = writeTar(sorted);
  const packed = await compress(unpacked);
  assertSize(packed);
  if (unpacked.length > mostUnpacked(packed.length)) throw tooMuch(mostUnpacked(packed.length));
  return packed;
}

/** @throws {ContentError} For an archive of more bytes than any may have. */
export function assertSize(packed: Uint8Array): void {
  if (packed.length <= ARCHIVE_LIMITS.bytes) return;
  throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.bytes} bytes`);
}

export function tooMuch(limit: number): ContentError {
  return new ContentError(`The archive unpacks to more than ${limit} bytes`);
}

function compress(bytes: Buffer): Promise<Buffer> {
  // Loaded here, because loading it costs a type that packs no file more than everything else.
  const { gzip } = process.getBuiltinModule("node:zlib");
  return new Promise((resolve, reject) => {
    gzip(bytes, (error, packed) => (error === null ? resolve(packed) : reject(error)));
  });
}

function byPath([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
