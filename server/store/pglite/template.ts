/** Template of the data directory of a new store. `npm run build` makes it, because initdb takes seconds of a processor. */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import pLimit from "p-limit";
import { builtPath } from "../../../src/base/package-root.ts";
import { MIGRATIONS } from "../drizzle/migrations.ts";

const LENGTH_BYTES = 4;
/** Synchronisations at the same time. A file system commits them together, in a tenth of the time. */
const CONCURRENCY = 16;

/** Head of a template: directories, each after its parent, and files with their sizes in bytes. */
interface Contents {
  readonly directories: readonly string[];
  readonly files: readonly (readonly [path: string, size: number])[];
}

/** Returns the name of the template for this program: a hash of the version of PGlite and of all migrations. */
export function templateName(folder: string = MIGRATIONS.migrationsFolder): string {
  const require = createRequire(import.meta.url);
  const description = join(require.resolve("@electric-sql/pglite"), "../../package.json");
  const { version } = JSON.parse(readFileSync(description, "utf8")) as { version: string };
  const hash = createHash("sha256").update(version);
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".sql")) hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  }
  return `${hash.digest("hex").slice(0, 16)}.gz`;
}

/** Reads the template that was built for this program, if there is one. */
export function readTemplate(name: string = templateName()): Buffer | undefined {
  const path = builtPath("store", name);
  return existsSync(path) ? readFileSync(path) : undefined;
}

/** Packs the data directory of a closed database. */
export function packTemplate(directory: string): Buffer {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const pathOf = (entry: (typeof entries)[number]) =>
    join(entry.parentPath, entry.name).slice(directory.length + 1);
  const directories = entries.filter((entry) => entry.isDirectory()).map(pathOf);
  const paths = entries.filter((entry) => entry.isFile()).map(pathOf);
  const bodies = paths.map((path) => readFileSync(join(directory, path)));
  const files = paths.map((path, index) => [path, bodies[index]?.length ?? 0] as const);
  const contents: Contents = { directories: directories.sort(), files };
  const head = Buffer.from(JSON.stringify(contents));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  return gzipSync(Buffer.concat([length, head, ...bodies]), { level: 1 });
}

/** Unpacks a template into a new directory, and synchronises all of it to the disk. */
export async function unpackTemplate(template: Uint8Array, directory: string): Promise<void> {
  const bytes = gunzipSync(template);
  let at = LENGTH_BYTES + bytes.readUInt32LE();
  const { directories, files } = JSON.parse(bytes.toString("utf8", LENGTH_BYTES, at)) as Contents;
  const all = [directory, ...directories.map((path) => join(directory, path))];
  for (const path of all) mkdirSync(path, { mode: 0o700 });
  for (const [path, size] of files) {
    writeNew(join(directory, path), bytes.subarray(at, at + size));
    at += size;
  }
  const limit = pLimit(CONCURRENCY);
  const written = [...files.map(([path]) => join(directory, path)), ...all];
  await Promise.all(written.map((path) => limit(() => sync(path))));
}

function writeNew(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
}

/** Synchronises a file, or the entries of a directory, to the disk. */
export async function sync(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
