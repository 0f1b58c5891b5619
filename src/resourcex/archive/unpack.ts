import { ContentError } from "../base/resourcex-errors.ts";
import { mostUnpacked } from "./archive-limits.ts";
import { assertSize, tooMuch } from "./pack.ts";
import { untar } from "./untar.ts";

/**
 * Unpacks a tar.gz. Returns its files by path.
 *
 * @throws {ContentError} For content that no archive may have.
 */
export function unpack(bytes: Uint8Array): Map<string, Buffer> {
  assertSize(bytes);
  // Loaded here, because loading it costs a type that reads no file more than everything else.
  const { gunzipSync } = process.getBuiltinModule("node:zlib");
  const maxOutputLength = mostUnpacked(bytes.length);
  let tar: Uint8Array;
  try {
    tar = gunzipSync(bytes, { maxOutputLength });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooMuch(maxOutputLength);
    throw new ContentError(`The archive cannot be read: ${message}`);
  }
  return untar(tar);
}
