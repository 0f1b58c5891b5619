import { ContentError } from "../base/resourcex-errors.ts";
import { Package, type RXA, type RXP } from "./package.ts";
import { packFiles, unpackFiles } from "./tar.ts";

/** Files by path, or an archive there is already. */
export type ArchiveInput =
  | Readonly<Record<string, string | Uint8Array>>
  | { readonly buffer: Uint8Array };

/**
 * Makes an archive of files, text as UTF-8, or of the bytes of one. Rejects with a `ContentError`
 * for files no archive may have; bytes are looked at when they are extracted.
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

/** An archive of files that nobody else changes. */
export async function archiveOf(files: ReadonlyMap<string, Buffer>): Promise<RXA> {
  const packed = await packFiles(files);
  return new Archive(
    async () => packed,
    async () => files,
  );
}

/** An archive whose bytes are read when they are first needed; a failure is not kept. */
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
