import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "../base/resourcex-errors.ts";

/** Directory of unfinished files. It conflicts with no domain, because none begins with a dot. */
const TEMPORARY = ".tmp";
const STALE_AFTER = 3_600_000;
/** Flags for reading: follow no link, and do not wait for a writer if it is a pipe. */
const READING = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Most attempts to place a file. Another process may remove a new directory while it is empty. */
const ATTEMPTS = 20;

/**
 * Confines reads and writes to a directory. Refuses names that lead elsewhere, and links below it.
 */
export class RootDirectory {
  readonly #path: string;
  #swept: Promise<void> | undefined;
  #writers = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes a file, and makes its directories. Readers see either all of the new content or none of
   * it.
   */
  async write(
    directory: readonly string[],
    file: string,
    content: string | Uint8Array,
  ): Promise<void> {
    const temporary = await this.#make([TEMPORARY]);
    this.#swept ??= sweep(temporary);
    await this.#swept;
    const unfinished = join(temporary, randomUUID());
    this.#writers += 1;
    try {
      // Flushed, because a power failure could otherwise leave an empty file under the name.
      await writeFile(unfinished, content, { flag: "wx", flush: true });
      await this.#place(unfinished, directory, file);
    } finally {
      this.#writers -= 1;
      await rm(unfinished, { force: true });
    }
  }

  /** Opens a file for reading. Resolves with `undefined` if it does not exist. */
  async open(directory: readonly string[], file: string): Promise<FileHandle | undefined> {
    const path = await this.#find(directory);
    if (path === undefined) return undefined;
    try {
      return await open(join(path, file), READING);
    } catch (error) {
      if (failedBy(error, "ENOENT", "ENOTDIR")) return undefined;
      if (failedBy(error, "ELOOP")) throw linked(join(path, file));
      throw error;
    }
  }

  /**
   * Removes files in this order, then the directories that are empty now. Keeps directories while
   * this process writes, because a writer may be about to use them.
   */
  async remove(directory: readonly string[], files: readonly string[]): Promise<void> {
    const path = await this.#find(directory);
    if (path === undefined) return;
    for (const file of files) await rm(join(path, file), { force: true });
    for (let depth = directory.length; depth > 0 && this.#writers === 0; depth -= 1) {
      const emptied = await rmdir(join(this.#path, ...directory.slice(0, depth))).then(
        () => true,
        () => false,
      );
      if (!emptied) return;
    }
  }

  /** Lists each directory that has all of these files, as the names on the way to it. */
  async *directoriesWith(files: readonly string[]): AsyncGenerator<string[]> {
    const waiting: string[][] = [[]];
    for (let names = waiting.pop(); names !== undefined; names = waiting.pop()) {
      const entries = await list(join(this.#path, ...names));
      const present = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
      if (files.every((file) => present.has(file))) yield names;
      for (const entry of entries) {
        const hidden = names.length === 0 && entry.name.startsWith(".");
        if (entry.isDirectory() && !hidden) waiting.push([...names, entry.name]);
      }
    }
  }

  /** Returns the names of the directories in a directory. */
  async directories(directory: readonly string[]): Promise<string[]> {
    const path = await this.#find(directory);
    const entries = path === undefined ? [] : await list(path);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  /**
   * Returns the time of a file's last change in nanoseconds, or `undefined` if it does not exist.
   */
  async changed(directory: readonly string[], file: string): Promise<bigint | undefined> {
    const handle = await this.open(directory, file);
    try {
      return (await handle?.stat({ bigint: true }))?.mtimeNs;
    } finally {
      await handle?.close();
    }
  }

  /** Returns the names of the files in a directory. */
  async files(directory: readonly string[]): Promise<string[]> {
    const path = await this.#find(directory);
    const entries = path === undefined ? [] : await list(path);
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  async #place(unfinished: string, directory: readonly string[], file: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await rename(unfinished, join(await this.#make(directory), file));
      } catch (error) {
        if (!failedBy(error, "ENOENT") || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Returns the path of a directory, if it exists. */
  async #find(names: readonly string[]): Promise<string | undefined> {
    names.forEach(assertName);
    try {
      const path = join(await realpath(this.#path), ...names);
      if ((await realpath(path)) !== path) throw linked(path);
      return path;
    } catch (error) {
      if (failedBy(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    }
  }

  /** Makes a directory level by level: a recursive call would follow links. */
  async #make(names: readonly string[]): Promise<string> {
    names.forEach(assertName);
    await mkdir(this.#path, { recursive: true });
    let path = await realpath(this.#path);
    for (const name of names) {
      path = join(path, name);
      await mkdir(path).catch((error: unknown) => {
        if (!failedBy(error, "EEXIST")) throw error;
      });
      if (!(await lstat(path)).isDirectory()) throw linked(path);
    }
    return path;
  }
}

/** Removes old files of writers that did not finish. Files that cannot be removed do no harm. */
async function sweep(directory: string): Promise<void> {
  for (const { name } of await list(directory)) {
    const path = join(directory, name);
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > STALE_AFTER) await rm(path, { recursive: true }).catch(() => {});
  }
}

async function list(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (failedBy(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** Tests whether a file operation failed for one of these reasons, such as `ENOENT`. */
function failedBy(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as NodeJS.ErrnoException | undefined)?.code));
}

function assertName(name: string): void {
  if (!/[/\\\0]/.test(name) && !["", ".", ".."].includes(name)) return;
  throw new RegistryError(`The storage has no place called ${JSON.stringify(name)}`);
}

function linked(path: string): RegistryError {
  return new RegistryError(`The storage has something at ${path} that is not its own`);
}
