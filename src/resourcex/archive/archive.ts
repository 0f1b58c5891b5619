import { ContentError } from "../base/resourcex-errors.ts";
import { Package, type RXA, type RXP } from "./package.ts";
import { packFiles, unpackFiles } from "./tar.ts";

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

/** Makes an archive of files that do not change afterwards. */
export async function archiveOf(files: ReadonlyMap<string, Buffer>): Promise<RXA> {
  const packed = await packFiles(files);
  return new Archive(
    async () => packed,
    async () => files,
  );
}

/** Makes an archive whose bytes are read at their first use. A failed read is tried again. */
export function archiveFrom(read: () => Promise<Buffer>): RXA {
  return new Archive(read, unpackFiles);
}

class Archive implements RXA {
  readonly #bytes: () => Promise<Buffer>;
  readonly #package: () => Promise<RXP>;

  constructor(
    read: () => Promise<Buffer>,
    unpack: (packed: Buffer) => Promise<ReadonlyMap<string, Buffer>>,
  ) {
    this.#bytes = once(read);
    this.#package = once(async () => new Package(await unpack(await this.#bytes()), archiveOf));
  }

  get stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        controller.enqueue(await this.buffer());
        controller.close();
      },
    });
  }

  async buffer(): Promise<Buffer> {
    return Buffer.from(await this.#bytes());
  }

  extract(): Promise<RXP> {
    return this.#package();
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

function toBytes(data: unknown): Buffer {
  if (typeof data === "string" || data instanceof Uint8Array) return Buffer.from(data as string);
  throw new ContentError("The content of a file is neither a string nor bytes");
}
