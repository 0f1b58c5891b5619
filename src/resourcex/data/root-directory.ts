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

/** No domain begins with a dot. */
const TEMPORARY = ".tmp";
const STALE_AFTER = 3_600_000;
/** Neither through a link nor, should it be a pipe, until somebody writes. */
const READING = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** A process elsewhere may take away, as empty, a directory that was just made. */
const ATTEMPTS = 20;

/**
 * A directory that nothing is read or written outside of: names that lead elsewhere are refused, and
 * so are links below it.
 */
export class RootDirectory {
  readonly #path: string;
  #swept: Promise<void> | undefined;
  #writers = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes a file, with the directories it is in: whoever reads it sees all of the new content or
   * none of it.
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
      // Flushed, or a power failure could leave the file's name with nothing behind it.
      await writeFile(unfinished, content, { flag: "wx", flush: true });
      await this.#place(unfinished, directory, file);
    } finally {
      this.#writers -= 1;
      await rm(unfinished, { force: true });
    }
  }

  /** Opens a file for reading; `undefined` if it is not there. */
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
   * Removes files in this order, then the directories that have become empty, but for those a
   * writer may be about to use.
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

  /** Every directory with these files in it, as the names that lead to it. */
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

  /** The names of the files in a directory. */
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

  /** The path of a directory, if it is there. */
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

  /** Makes a directory level by level, since a recursive call would go through links. */
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

/** Removes what writers have left that did not live to finish; what stays is in nobody's way. */
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

/** Whether a file operation failed for one of these reasons, for example `ENOENT`. */
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
