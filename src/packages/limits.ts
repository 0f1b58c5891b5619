const MEBIBYTE = 1_048_576;

/** Bounds of resolving and fetching the packages of one request. */
export interface PackageLimits {
  /** Dependencies and overrides that a request names. */
  readonly named: number;
  /** Packages in a lock. */
  readonly packages: number;
  /** Requests to the registry. */
  readonly requests: number;
  /** Bytes of a document of the registry, as it is sent. */
  readonly documentBytes: number;
  /** Bytes of a tarball. */
  readonly tarballBytes: number;
  /** Bytes that the registry sends in all. */
  readonly receivedBytes: number;
  /** Bytes and number of all unpacked files. */
  readonly unpackedBytes: number;
  readonly files: number;
  /** Bytes of the files that are kept. */
  readonly archiveBytes: number;
  /** Milliseconds for all. */
  readonly timeout: number;
  /** Milliseconds until a connection stands, and between two parts of an answer. */
  readonly idle: number;
  /** Builders that work at the same time, and requests that may wait for one. */
  readonly atOnce: number;
  readonly waiting: number;
}

export const PACKAGE_LIMITS: PackageLimits = {
  named: 500,
  packages: 1_000,
  requests: 4_000,
  documentBytes: 64 * MEBIBYTE,
  tarballBytes: 32 * MEBIBYTE,
  receivedBytes: 512 * MEBIBYTE,
  unpackedBytes: 256 * MEBIBYTE,
  files: 50_000,
  archiveBytes: 64 * MEBIBYTE,
  timeout: 60_000,
  idle: 15_000,
  atOnce: 2,
  waiting: 20,
};

/** Formats a number of bytes for a message. */
export function mebibytes(bytes: number): string {
  return `${Math.round((bytes / MEBIBYTE) * 10) / 10} MiB`;
}
