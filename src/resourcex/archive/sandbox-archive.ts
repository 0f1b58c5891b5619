import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS, mostUnpacked } from "./archive-limits.ts";
import { Package, type RXP } from "./package.ts";
import { untar } from "./untar.ts";

/** The archive that a type gets with its resource. It is unpacked at the first use of its files. */
export class SandboxArchive {
  readonly #bytes: Uint8Array;
  #files: Map<string, Buffer> | undefined;
  #package: RXP | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Returns a copy of the bytes: tar.gz. */
  async buffer(): Promise<Buffer> {
    return Buffer.from(this.#bytes);
  }

  /**
   * Returns the files, as the same package each time. Rejects with a `ContentError` for a bad
   * archive.
   */
  async extract(): Promise<RXP> {
    this.#package ??= new Package(this.files(), async () => {
      throw new ContentError("A package is not packed in a sandbox: return its files instead");
    });
    return this.#package;
  }

  files(): ReadonlyMap<string, Buffer> {
    this.#files ??= unpack(this.#bytes);
    return this.#files;
  }
}

/**
 * Unpacks a tar.gz. Returns its files by path.
 *
 * @throws {ContentError} For content that no archive may have.
 */
export function unpack(bytes: Uint8Array): Map<string, Buffer> {
  if (bytes.length > ARCHIVE_LIMITS.bytes) {
    throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.bytes} bytes`);
  }
  // Loaded here, because loading it costs a type that reads no file more than everything else.
  const { gunzipSync } = process.getBuiltinModule("node:zlib");
  const maxOutputLength = mostUnpacked(bytes.length);
  let tar: Uint8Array;
  try {
    tar = gunzipSync(bytes, { maxOutputLength });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new ContentError(`The archive unpacks to more than ${maxOutputLength} bytes`);
    }
    throw new ContentError(`The archive cannot be read: ${message}`);
  }
  return untar(tar);
}
