import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { EngineUnavailable, messageOf } from "../../base/errors.ts";
import { listenAt, socketState } from "../../base/sockets.ts";
import { killLeftovers } from "./leftover-processes.ts";

/** What an instance listens on as long as it lives, in its directory. */
export const ALIVE_SOCKET = "alive.sock";
/** First character of the name of a directory whose instance is just coming to life. */
const UNBORN = ".";
/** Milliseconds for which a directory may be without a socket that answers. */
const BIRTH_WITHIN = 60_000;
/** Milliseconds between two looks at whether all of it is there. */
const LOOK_EVERY = 2_000;
const DIRECTORY_NAME = /^\.?[0-9a-f]{8}$/;

/** Thrown while the run directory is gone and nothing can take its place. */
export class RunDirectoryGone extends EngineUnavailable {
  constructor(directory: string, cause: unknown) {
    super(
      `The run directory ${directory} is gone and cannot be made again (${messageOf(cause)}): make it, writable by the server; where it is mounted into the server's container, restart that`,
      { cause, retryAfter: 2 },
    );
  }
}

/** Something in an instance's directory that it cannot do without. */
interface Part {
  readonly path: string;
  readonly make: () => Promise<void>;
}

/**
 * One running control plane: a directory of its own below the run directory, and a socket in it
 * that answers exactly as long as this process lives, however it ends. What somebody deletes of it,
 * as cleaners of temporary files do, is made again.
 */
export class Instance {
  readonly id: string;
  readonly directory: string;
  readonly runDirectory: string;
  /** Told when something was missing and is there again, without what sandboxes had in there. */
  readonly onRestored = new Set<() => void>();
  readonly #parts: Part[] = [];
  /** Ids of dead ones whose directory was removed, and with it what proved it. */
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
   * Makes the run directory, of which other users of the host see nothing, and joins it. Sandboxes
   * that are processes of other users pass through root's.
   */
  static async create(runDirectory: string): Promise<Instance> {
    const instance = new Instance(runDirectory);
    await instance.#join();
    // Whoever needs it finds out by itself, and says why.
    const look = (): void => void instance.ensure().catch(() => {});
    instance.#timer = setInterval(look, LOOK_EVERY).unref();
    return instance;
  }

  /** Has `make` called whenever there is nothing at `path`, a file in the instance's directory. */
  async addPart(path: string, make: () => Promise<void>): Promise<void> {
    await make();
    this.#parts.push({ path, make });
  }

  /** Makes again what is missing of the directory. Rejects with `RunDirectoryGone` if it cannot. */
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
    // Under its own name only once the socket answers: it would pass for a dead one before.
    const unborn = join(this.runDirectory, `${UNBORN}${this.id}`);
    await rm(unborn, { recursive: true, force: true });
    await mkdir(unborn, { mode: 0o700 });
    this.#server?.close();
    const server = createServer((socket) => socket.destroy()).unref();
    this.#server = server;
    await listenAt(server, join(unborn, ALIVE_SOCKET), 0o600);
    // What is left of it without its socket is of no use to anybody.
    await rm(this.directory, { recursive: true, force: true });
    await rename(unborn, this.directory);
  }

  /**
   * Whether the instance of that id in the same run directory is dead for sure. A socket that refuses
   * proves it; that there is none proves nothing, as another view of the host's files lacks it as well.
   */
  async isProvedDead(id: string): Promise<boolean> {
    if (id === this.id) return false;
    if (this.#removed.has(id)) return true;
    return (await socketState(join(this.runDirectory, id, ALIVE_SOCKET))) === "refuses";
  }

  /**
   * Removes what instances that have ended left in the run directory, and nothing else that may
   * be there: directories whose socket refuses, and those that have had none for a while. Returns the
   * ids of those removed; what cannot be removed is left for next time.
   */
  async removeDead(): Promise<string[]> {
    const dead: string[] = [];
    for (const entry of await readdir(this.runDirectory, { withFileTypes: true })) {
      if (!entry.isDirectory() || !DIRECTORY_NAME.test(entry.name)) continue;
      if (entry.name === this.id) continue;
      const proved = await this.isProvedDead(entry.name);
      const directory = join(this.runDirectory, entry.name);
      if (!proved && (await exists(join(directory, ALIVE_SOCKET)))) continue;
      // One that is coming to life has no socket yet, and one that lost it makes it again.
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
