import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Backend, nameOf } from "./backend.ts";

/** Most files that are read at a start. */
const MOST = 10_000;

/**
 * Lists the open sessions in a directory that outlives this process: one file each, without
 * secrets. After a kill, the next process finds the sessions left on the server by it. Code may
 * rename its session there without effect on this list.
 */
export class SessionFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Reads the sessions that the process before has left. */
  async left(): Promise<Backend[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.#directory)).slice(0, MOST);
    const found = await Promise.all(names.map((name) => this.#read(name)));
    return found.flatMap((backend) => backend ?? []);
  }

  async add(backend: Backend): Promise<void> {
    await writeFile(this.#path(backend), JSON.stringify(backend), { mode: 0o600 });
  }

  /**
   * Removes a session. Never rejects: if its file stays, the next process finds the session gone.
   */
  async remove(backend: Backend): Promise<void> {
    await rm(this.#path(backend), { force: true }).catch(() => {});
  }

  /** Removes the directory if it is empty. Never rejects. */
  async close(): Promise<void> {
    await rmdir(this.#directory).catch(() => {});
  }

  /** Reads a session. A partial file is removed: no code ever had its session. */
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
