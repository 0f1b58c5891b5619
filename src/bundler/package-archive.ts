/**
 * Archive of package files. It has the length of an index (4 bytes, big endian) and the index as JSON:
 * `[[path, bytes], …]`. Then come the bytes of all files in that order.
 */
export type ArchiveIndex = readonly (readonly [path: string, bytes: number])[];

/** Joins files to an archive. */
export function toArchive(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries = [...files];
  const index = new TextEncoder().encode(
    JSON.stringify(entries.map(([path, bytes]) => [path, bytes.length])),
  );
  const size = entries.reduce((sum, [, bytes]) => sum + bytes.length, 4 + index.length);
  const archive = new Uint8Array(size);
  new DataView(archive.buffer).setUint32(0, index.length);
  archive.set(index, 4);
  let at = 4 + index.length;
  for (const [, bytes] of entries) {
    archive.set(bytes, at);
    at += bytes.length;
  }
  return archive;
}

/** Reads an archive that this program, or one like it, has made. Files are views of its bytes. */
export function fromArchive(archive: Uint8Array): Map<string, Uint8Array> {
  const { buffer, byteOffset } = archive;
  const length = new DataView(buffer, byteOffset).getUint32(0);
  const text = new TextDecoder().decode(archive.subarray(4, 4 + length));
  const files = new Map<string, Uint8Array>();
  let at = 4 + length;
  for (const [path, bytes] of JSON.parse(text) as ArchiveIndex) {
    files.set(path, archive.subarray(at, at + bytes));
    at += bytes;
  }
  return files;
}
