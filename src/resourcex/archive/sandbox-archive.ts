import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS, mostUnpacked } from "./archive-limits.ts";
import { Package, type RXP } from "./package.ts";
import { untar } from "./untar.ts";

/** The archive of a resource, as its type meets it; unpacked when something of it is asked for. */
export class SandboxArchive {
  readonly #bytes: Uint8Array;
  #files: Map<string, Buffer> | undefined;
  #package: RXP | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A copy of the bytes: tar.gz. */
  async buffer(): Promise<Buffer> {
    return Buffer.from(this.#bytes);
  }

  /** The files, the same package each time. Rejects with a `ContentError` for a bad archive. */
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

/** The files of a tar.gz, by path. Throws a `ContentError` for what has no place in an archive. */
export function unpack(bytes: Uint8Array): Map<string, Buffer> {
  if (bytes.length > ARCHIVE_LIMITS.bytes) {
    throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.bytes} bytes`);
  }
  // Asked for here: to load it costs a type that looks at no file more than all the rest.
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
