import { ContentError } from "../base/resourcex-errors.ts";
import { archiveOf, LazyArchive } from "./lazy-archive.ts";
import type { RXA } from "./package.ts";
import { unpackFiles } from "./unpacker.ts";

/** Files by path, or the bytes of an existing archive. */
export type ArchiveInput =
  | Readonly<Record<string, string | Uint8Array>>
  | { readonly buffer: Uint8Array };

/**
 * Makes an archive of files or of the bytes of one. Text is encoded as UTF-8. Bytes are checked
 * when they are extracted.
 *
 * @throws {ContentError} For files that no archive may have.
 *
 * @example
 * const archive = await createRXA({ content: "Hello" });
 * String(await (await archive.extract()).file("content")) // "Hello"
 */
export async function createRXA(input: ArchiveInput): Promise<RXA> {
  const { buffer } = input;
  if (buffer instanceof Uint8Array && Object.keys(input).length === 1) {
    const bytes = Buffer.from(buffer);
    return archiveFrom(async () => bytes);
  }
  return archiveOf(new Map(Object.entries(input).map(([path, data]) => [path, toBytes(data)])));
}

/** Makes an archive whose bytes are read at their first use. A failed read is tried again. */
export function archiveFrom(read: () => Promise<Buffer>): RXA {
  return new LazyArchive(read, unpackFiles);
}

function toBytes(data: unknown): Buffer {
  if (typeof data === "string" || data instanceof Uint8Array) return Buffer.from(data as string);
  throw new ContentError("The content of a file is neither a string nor bytes");
}
