import { archiveFrom } from "../archive/archive.ts";
import { ContentError, LocatorError } from "../base/resourcex-errors.ts";
import { parseRXL } from "./locator.ts";
import { createRXM, type ManifestFields } from "./manifest.ts";
import type { RXR } from "./resource.ts";

/** A resource as plain data, in the form that is sent to its type. */
export interface SerializedRXR {
  readonly locator: string;
  readonly manifest: object;
  /** Archive as stored: tar.gz. */
  readonly archive: Buffer;
}

/** Any data in that form. Bytes that crossed a thread or a socket are a plain `Uint8Array`. */
export type SerializedInput = Omit<SerializedRXR, "archive"> & { readonly archive: Uint8Array };

/**
 * Turns a resource into plain data. Rejects if its archive cannot be read.
 *
 * @example
 * const { locator, manifest, archive } = await serializeRXR(resource);
 */
export async function serializeRXR({ locator, manifest, archive }: RXR): Promise<SerializedRXR> {
  return {
    locator: String(locator),
    manifest: manifest.toJSON(),
    archive: await archive.buffer(),
  };
}

/**
 * Makes a resource of plain data, which it copies. The archive's bytes are checked when they are
 * extracted.
 *
 * @throws {LocatorError} If the locator is not a string.
 * @throws {ManifestError} For the first missing or empty field of the manifest.
 * @throws {ContentError} If the archive is not bytes.
 *
 * @example
 * const resource = deserializeRXR(await serializeRXR(given));
 * String(resource.locator) // that of `given`
 */
export function deserializeRXR({ locator, manifest, archive }: SerializedInput): RXR {
  if (typeof locator !== "string") throw new LocatorError("The locator is not a string");
  const parsed = { locator: parseRXL(locator), manifest: createRXM(manifest as ManifestFields) };
  if (!(archive instanceof Uint8Array)) throw new ContentError("The archive is not bytes");
  const bytes = Buffer.from(archive);
  return { ...parsed, archive: archiveFrom(async () => bytes) };
}
