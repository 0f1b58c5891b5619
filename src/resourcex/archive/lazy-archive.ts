import { packFiles } from "./pack.ts";
import { Package, type RXA, type RXP } from "./package.ts";

type Files = ReadonlyMap<string, Buffer>;

/**
 * An archive on a host or in a sandbox. It reads and unpacks its bytes at their first use. A failed
 * attempt is tried again.
 */
export class LazyArchive implements RXA {
  readonly #bytes: () => Promise<Buffer>;
  readonly #package: () => Promise<RXP>;

  constructor(read: () => Promise<Buffer>, unpack: (packed: Buffer) => Files | Promise<Files>) {
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

/** Makes an archive of files that do not change afterwards. */
export async function archiveOf(files: Files): Promise<RXA> {
  const packed = await packFiles(files);
  return new LazyArchive(
    async () => packed,
    () => files,
  );
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
