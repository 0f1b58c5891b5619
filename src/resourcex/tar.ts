import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { extract, type Header, type Pack, pack } from "tar-stream";
import { ARCHIVE_LIMITS, mostUnpacked } from "./archive-limits.ts";
import { EntryPaths, refusal } from "./entry-paths.ts";
import { ContentError } from "./errors.ts";

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Equal files make equal archives, whenever and by whomever they are packed. */
const HEADER = { mtime: new Date(0), mode: 0o644 };

/** Packs files as tar.gz. Rejects with a `ContentError` for what `unpackFiles` would refuse. */
export async function packFiles(files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const paths = new EntryPaths();
  const tar = pack();
  for (const [path, content] of [...files].sort(byPath)) {
    paths.addFile(path);
    tar.entry({ name: path, ...HEADER }, content);
  }
  tar.finalize();
  const unpacked = await collect(tar);
  const packed = await compress(unpacked);
  assertSize(packed);
  if (unpacked.length > mostUnpacked(packed.length)) throw tooMuch(mostUnpacked(packed.length));
  return packed;
}

/**
 * Reads a tar.gz of regular files and directories into memory, by path; empty directories leave no
 * trace. Rejects with a `ContentError` for anything else in it, and beyond any of the limits as
 * soon as it is passed.
 */
export async function unpackFiles(packed: Buffer): Promise<Map<string, Buffer>> {
  assertSize(packed);
  const maxOutputLength = mostUnpacked(packed.length);
  try {
    return await readEntries(await expand(packed, { maxOutputLength }));
  } catch (error) {
    if (error instanceof ContentError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooMuch(maxOutputLength);
    throw new ContentError(`The archive cannot be read: ${message}`, { cause: error });
  }
}

/** By events, since iterating takes five times as long. */
function readEntries(tar: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const paths = new EntryPaths();
  const extraction = extract();
  extraction.on("entry", (header, entry, next) => {
    const chunks: Buffer[] = [];
    entry.on("data", (chunk) => chunks.push(chunk as Buffer));
    // The extraction's own error; unheard, it would end the process.
    entry.on("error", () => {});
    try {
      const path = admit(header, paths);
      entry.on("end", () => {
        if (path !== undefined) files.set(path, Buffer.concat(chunks));
        next();
      });
    } catch (error) {
      extraction.destroy(error as Error);
    }
  });
  return new Promise((resolve, reject) => {
    extraction.on("finish", () => resolve(files));
    extraction.on("error", reject);
    extraction.end(tar);
  });
}

/** The path of a file, nothing for a directory, and a `ContentError` for anything else. */
function admit({ name, type, size }: Header, paths: EntryPaths): string | undefined {
  const path = plain(name);
  if (type === "file") {
    paths.addFile(path);
    return path;
  }
  if (type !== "directory" || size !== 0) {
    throw refusal(name, `it is neither a file nor a directory (${type})`);
  }
  const directory = path.replace(/\/$/, "");
  // The root itself, as `tar -C folder .` has it.
  if (directory !== "" && directory !== ".") paths.addDirectory(directory);
  return undefined;
}

/** All of a stream: of small chunks, several times as fast as a consumer that iterates. */
function collect(tar: Pack): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    tar.on("data", (chunk) => chunks.push(chunk as Buffer));
    tar.on("end", () => resolve(Buffer.concat(chunks)));
    tar.on("error", reject);
  });
}

function byPath([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** `tar -C folder .` puts `./` before every path. */
function plain(name: string): string {
  return name.startsWith("./") ? name.slice(2) : name;
}

function assertSize(packed: Buffer): void {
  if (packed.length <= ARCHIVE_LIMITS.bytes) return;
  throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.bytes} bytes`);
}

function tooMuch(limit: number): ContentError {
  return new ContentError(`The archive unpacks to more than ${limit} bytes`);
}
