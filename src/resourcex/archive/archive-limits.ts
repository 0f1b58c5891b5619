/** Limits of every archive, whoever has made it. */
export const ARCHIVE_LIMITS = {
  /** Most bytes as stored and sent: tar.gz. */
  bytes: 16_777_216,
  /** Most bytes of the tar file inside. */
  unpackedBytes: 67_108_864,
  /** Most times that the tar file may exceed the archive in size, once it has `freeBytes`. */
  ratio: 200,
  freeBytes: 8_388_608,
  /** Most files and directories. */
  entries: 10_000,
  /** Most headers, of entries and of records about entries. */
  headers: 30_000,
  /** Most bytes of one header's records, and most records of all headers. */
  recordBytes: 65_536,
  records: 200_000,
  /** Most characters of a path, and most names in it. */
  pathLength: 512,
  pathDepth: 32,
} as const;

/** Returns the most bytes to which an archive of this size may unpack. */
export function mostUnpacked(bytes: number): number {
  const { unpackedBytes, ratio, freeBytes } = ARCHIVE_LIMITS;
  return Math.min(unpackedBytes, Math.max(freeBytes, bytes * ratio));
}
