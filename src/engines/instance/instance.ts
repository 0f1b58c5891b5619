import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { EngineUnavailable, messageOf } from "../../base/errors.ts";
import { listenAt, socketState } from "../../base/sockets.ts";
import { killLeftovers } from "./leftover-processes.ts";
import { assertSocketPaths } from "./run-directory.ts";

/** Name of the socket in an instance's directory on which it listens while it lives. */
export const ALIVE_SOCKET = "alive.sock";
/** First character of a directory whose instance is starting. */
const UNBORN = ".";
/** Milliseconds for which a directory may lack a socket that answers. */
const BIRTH_WITHIN = 60_000;
/** Milliseconds between two checks that the directory is complete. */
const LOOK_EVERY = 2_000;
const DIRECTORY_NAME = /^\.?[0-9a-f]{8}$/;

/** Thrown while the run directory is missing and cannot be created. */
export class RunDirectoryGone extends EngineUnavailable {
  constructor(directory: string, cause: unknown) {
    super(
      `The run directory ${directory} is gone and cannot be made again (${messageOf(cause)}): make it, writable by the server; where it is mounted into the server's container, restart that`,
      { cause, retryAfter: 2 },
    );
  }
}

/** A file in an instance's directory that it needs. */
interface Part {
  readonly path: string;
  readonly make: () => Promise<void>;
}

/**
 * A running control plane with its own directory below the run directory. A socket in it answers
 * exactly while this process lives, however it ends. Deleted files, for example by cleaners of
 * temporary files, are created again.
 */
export class Instance {
  readonly id: string;
  readonly directory: string;
  readonly runDirectory: string;
  /** Called when missing files have been recreated. The sandboxes' own files are lost then. */
  readonly onRestored = new Set<() => void>();
  readonly #parts: Part[] = [];
  /** Ids of dead instances whose directory was removed, and the proof with it. */
  readonly #removed = new Set<string>();
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ensuring: Promise<void> | undefined;

  private constructor(runDirectory: string) {
    this.id = randomBytes(4).toString("hex");
    this.runDirectory = runDirectory;
    this.directory = join(runDirectory, this.id);
  }

  /**
   * Creates the run directory and joins it. Other users of the host cannot list it. If root owns
   * it, sandboxes that are processes of other users may pass through it.
   */
  static async create(runDirectory: string): Promise<Instance> {
    assertSocketPaths(runDirectory);
    const instance = new Instance(runDirectory);
    await instance.#join();
    // Callers of `ensure()` get the error themselves.
    const look = (): void => void instance.ensure().catch(() => {});
    instance.#timer = setInterval(look, LOOK_EVERY).unref();
    return instance;
  }

  /** Calls `make` now, and whenever `path` is missing, a file in the instance's directory. */
  async addPart(path: string, make: () => Promise<void>): Promise<void> {
    await make();
    this.#parts.push({ path, make });
  }

  /**
   * Recreates missing parts of the directory.
   *
   * @throws {RunDirectoryGone} if it cannot.
   */
  ensure(): Promise<void> {
    this.#ensuring ??= this.#ensure().finally(() => {
      this.#ensuring = undefined;
    });
    return this.#ensuring;
  }

  async #ensure(): Promise<void> {
    const alive = join(this.directory, ALIVE_SOCKET);
    const paths = [alive, ...this.#parts.map(({ path }) => path)];
    const found = await Promise.all(paths.map(exists));
    if (found.every(Boolean) || this.#server === undefined) return;
    try {
      if (found[0] === false) await this.#join();
      for (const { path, make } of this.#parts) if (!(await exists(path))) await make();
    } catch (cause) {
      throw new RunDirectoryGone(this.runDirectory, cause);
    }
    for (const listener of this.onRestored) listener();
  }

  async #join(): Promise<void> {
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    await mkdir(this.runDirectory, { recursive: true, mode });
    await chmod(this.runDirectory, mode);
    // It gets its final name only when the socket answers, because it would look dead before.
    const unborn = join(this.runDirectory, `${UNBORN}${this.id}`);
    await rm(unborn, { recursive: true, force: true });
    await mkdir(unborn, { mode: 0o700 });
    this.#server?.close();
    const server = createServer((socket) => socket.destroy()).unref();
    this.#server = server;
    await listenAt(server, join(unborn, ALIVE_SOCKET), 0o600);
    // A directory without its socket is useless.
    await rm(this.directory, { recursive: true, force: true });
    await rename(unborn, this.directory);
  }

  /**
   * Tells whether an instance in the same run directory is certainly dead. A socket that refuses is
   * a proof. A missing one is not, because another view of the host's files lacks it, too.
   */
  async isProvedDead(id: string): Promise<boolean> {
    if (id === this.id) return false;
    if (this.#removed.has(id)) return true;
    return (await socketState(join(this.runDirectory, id, ALIVE_SOCKET))) === "refuses";
  }

  /**
   * Removes the directories of ended instances from the run directory, and no other files. These
   * are directories whose socket refuses, and those without a socket for a while. Returns the ids
   * of the removed ones. The next call retries failed removals.
   */
  async removeDead(): Promise<string[]> {
    const dead: string[] = [];
    for (const entry of await readdir(this.runDirectory, { withFileTypes: true })) {
      if (!entry.isDirectory() || !DIRECTORY_NAME.test(entry.name)) continue;
      if (entry.name === this.id) continue;
      const proved = await this.isProvedDead(entry.name);
      const directory = join(this.runDirectory, entry.name);
      if (!proved && (await exists(join(directory, ALIVE_SOCKET)))) continue;
      // A starting instance has no socket yet, and one that lost its socket recreates it.
      const mayCome = !proved || entry.name.startsWith(UNBORN);
      if (mayCome && (await this.#isYoung(entry.name))) continue;
      await killLeftovers(directory);
      const removed = rm(directory, { recursive: true, force: true });
      await removed.then(
        () => {
          dead.push(entry.name);
          if (proved) this.#removed.add(entry.name);
        },
        () => {},
      );
    }
    return dead;
  }

  async #isYoung(name: string): Promise<boolean> {
    const { mtimeMs } = await stat(join(this.runDirectory, name)).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < BIRTH_WITHIN;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ensuring?.catch(() => {});
    this.#server?.close();
    this.#server = undefined;
    await rm(this.directory, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT" && code !== "ENOTDIR",
  );
}
