import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { createGzip, gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** An entry of a tarball, as it is to be written: also with a name or a type that no packer writes. */
export interface TarEntry {
  readonly name: string;
  readonly type?: "file" | "symlink" | "link" | "directory" | "character-device" | "fifo";
  readonly linkname?: string;
  readonly content?: string | Uint8Array;
  /** Bytes of zeros in place of content, so that a bomb costs its writer nothing. */
  readonly zeros?: number;
}

const CHUNK = Buffer.alloc(1_048_576);

/** Packs and compresses entries as a registry serves them. */
export async function tarball(entries: readonly TarEntry[]): Promise<Buffer> {
  const packing = pack();
  // In one piece, because a stream compresses each header and each file by itself. Zeros need not fit into memory.
  const isEndless = entries.some(({ zeros }) => zeros !== undefined);
  const packed = isEndless
    ? buffer(packing.pipe(createGzip({ level: 1 })))
    : buffer(packing).then((bytes) => gzipSync(bytes, { level: 1 }));
  for (const entry of entries) await write(packing, entry);
  packing.finalize();
  return packed;
}

function write(packing: ReturnType<typeof pack>, entry: TarEntry): Promise<void> {
  const { name, type = "file", linkname, content = "", zeros } = entry;
  const bytes = Buffer.from(content);
  const size = zeros ?? bytes.length;
  const header = { name, type, size, mtime: new Date(0), ...(linkname && { linkname }) };
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (type !== "file") {
      packing.entry({ ...header, size: 0 }, done);
      return;
    }
    const sink = packing.entry(header, done);
    if (zeros === undefined) sink.end(bytes);
    else void writeZeros(sink, zeros).catch(reject);
  });
}

async function writeZeros(sink: ReturnType<ReturnType<typeof pack>["entry"]>, size: number) {
  for (let left = size; left > 0; left -= CHUNK.length) {
    const isTaken = sink.write(CHUNK.subarray(0, Math.min(left, CHUNK.length)));
    if (!isTaken) await once(sink, "drain");
  }
  sink.end(Buffer.alloc(0));
}
