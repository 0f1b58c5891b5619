/** What an archive may be, whoever has made it. */
export const ARCHIVE_LIMITS = {
  /** Bytes as stored and sent: tar.gz. */
  bytes: 16_777_216,
  /** Bytes of the tar file within. */
  unpackedBytes: 67_108_864,
  /** How many times smaller than the tar file the archive may be, once that has `freeBytes`. */
  ratio: 200,
  freeBytes: 8_388_608,
  /** Files and directories. */
  entries: 10_000,
  /** Headers: of entries, and those that are about others. */
  headers: 30_000,
  /** Bytes of what a header says about others, and records in all of them. */
  recordBytes: 65_536,
  records: 200_000,
  /** Characters of a path, and names in it. */
  pathLength: 512,
  pathDepth: 32,
} as const;

/** The most bytes an archive of this size may unpack to. */
export function mostUnpacked(bytes: number): number {
  const { unpackedBytes, ratio, freeBytes } = ARCHIVE_LIMITS;
  return Math.min(unpackedBytes, Math.max(freeBytes, bytes * ratio));
}
