import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Backend, nameOf } from "./backend.ts";

/** Files that are read at a start, whatever is there. */
const MOST = 10_000;

/**
 * Which sessions are open, in a directory that outlives this process: a file each, without any secret.
 * The next process finds by them what one that was killed has left on the server, whatever name code
 * has given its session there.
 */
export class SessionFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves with what the process before has left. */
  async left(): Promise<Backend[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.#directory)).slice(0, MOST);
    const found = await Promise.all(names.map((name) => this.#read(name)));
    return found.flatMap((backend) => backend ?? []);
  }

  async add(backend: Backend): Promise<void> {
    await writeFile(this.#path(backend), JSON.stringify(backend), { mode: 0o600 });
  }

  /** Never rejects: one that stays is looked for in vain by the next process. */
  async remove(backend: Backend): Promise<void> {
    await rm(this.#path(backend), { force: true }).catch(() => {});
  }

  /** Removes the directory, unless something in it is for the next process. Never rejects. */
  async close(): Promise<void> {
    await rmdir(this.#directory).catch(() => {});
  }

  /** Half a file is one of a session that no code ever had. */
  async #read(name: string): Promise<Backend | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#directory, name), "utf8")) as Backend;
    } catch {
      await rm(join(this.#directory, name), { force: true }).catch(() => {});
      return undefined;
    }
  }

  #path(backend: Backend): string {
    return join(this.#directory, nameOf(backend).replace("/", "-"));
  }
}
