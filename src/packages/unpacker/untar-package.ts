import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";

/** Reason that a tarball is refused. */
export class TarballError extends Error {
  override readonly name = "TarballError";
}

export interface UnpackBounds {
  readonly bytes: number;
  readonly files: number;
}

const MAX_PATH = 1_024;
const TOO_LARGE = "more bytes than are left";
const UNREADABLE = "parts that are no tar.gz";

/**
 * Unpacks the files of a package into memory. Paths are below the package: the first directory of each entry is
 * dropped, as npm does.
 *
 * @throws {TarballError} For entries that are neither files nor directories, and for paths that lead elsewhere.
 */
export async function untarPackage(
  tarball: Uint8Array,
  bounds: UnpackBounds,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const extracting = extract();
  extracting.end(unzipped(tarball, bounds.bytes));
  let count = 0;
  try {
    for await (const entry of extracting) {
      count += 1;
      if (count > bounds.files) throw new TarballError("more files than are left");
      const path = pathOf(entry.header);
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      if (path !== undefined) files.set(path, Buffer.concat(chunks));
    }
  } catch (error) {
    if (error instanceof TarballError) throw error;
    throw new TarballError(UNREADABLE);
  }
  return files;
}

function unzipped(tarball: Uint8Array, most: number): Uint8Array {
  const isZipped = tarball[0] === 0x1f && tarball[1] === 0x8b;
  if (!isZipped && tarball.length > most) throw new TarballError(TOO_LARGE);
  if (!isZipped) return tarball;
  try {
    return gunzipSync(tarball, { maxOutputLength: Math.max(1, most) });
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new TarballError(isLarge ? TOO_LARGE : UNREADABLE);
  }
}

/** Returns the path of a file below its package, or `undefined` for a directory. */
function pathOf({ name, type }: Header): string | undefined {
  const shown = JSON.stringify(name.slice(0, 200));
  if (type !== "file" && type !== "contiguous-file" && type !== "directory") {
    throw new TarballError(`the ${type ?? "unknown entry"} ${shown}`);
  }
  const names = name.split("/").filter((part, at) => at === 0 || (part !== "" && part !== "."));
  const isOutside = name.startsWith("/") || /^[a-z]:/i.test(name) || names.includes("..");
  if (isOutside || /[\\\0]/.test(name) || name.length > MAX_PATH) {
    throw new TarballError(`the path ${shown}`);
  }
  if (type === "directory") return undefined;
  if (names.length < 2) throw new TarballError(`the path ${shown}`);
  return names.slice(1).join("/");
}
