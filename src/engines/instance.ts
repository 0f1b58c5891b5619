import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { killLeftovers } from "./leftover-processes.ts";

/** What an instance listens on as long as it lives, in its directory. */
export const ALIVE_SOCKET = "alive.sock";
/** First character of the name of a directory whose instance is just coming to life. */
const UNBORN = ".";
const BIRTH_WITHIN = 60_000;
const DIRECTORY_NAME = /^\.?[0-9a-f]{8}$/;

/**
 * One running control plane: a directory of its own below the run directory, and a socket in it
 * that answers exactly as long as this process lives, however it ends.
 */
export class Instance {
  readonly id: string;
  readonly directory: string;
  readonly runDirectory: string;
  readonly #server: Server = createServer((socket) => socket.destroy());

  private constructor(runDirectory: string) {
    this.id = randomBytes(4).toString("hex");
    this.runDirectory = runDirectory;
    this.directory = join(runDirectory, this.id);
  }

  /** Makes the run directory, which no other user of the host may enter, and joins it. */
  static async create(runDirectory: string): Promise<Instance> {
    const instance = new Instance(runDirectory);
    await mkdir(runDirectory, { recursive: true, mode: 0o700 });
    await chmod(runDirectory, 0o700);
    // Under its own name only once the socket answers: it would pass for a dead one before.
    const unborn = join(runDirectory, `${UNBORN}${instance.id}`);
    await mkdir(unborn, { mode: 0o700 });
    await new Promise<void>((resolve, reject) => {
      instance.#server.once("error", reject);
      instance.#server.listen(join(unborn, ALIVE_SOCKET), resolve);
    });
    instance.#server.unref();
    await rename(unborn, instance.directory);
    return instance;
  }

  /** Whether the instance of that id in the same run directory still runs, as far as one can tell. */
  async isAlive(id: string): Promise<boolean> {
    return id === this.id || !(await isDead(join(this.runDirectory, id, ALIVE_SOCKET)));
  }

  /**
   * Removes what instances that have ended left in the run directory, and nothing else that may
   * be there. Returns the ids of those removed; what cannot be removed is left for next time.
   */
  async removeDead(): Promise<string[]> {
    const dead: string[] = [];
    for (const entry of await readdir(this.runDirectory, { withFileTypes: true })) {
      if (!entry.isDirectory() || !DIRECTORY_NAME.test(entry.name)) continue;
      if (await this.isAlive(entry.name)) continue;
      if (entry.name.startsWith(UNBORN) && (await this.#isYoung(entry.name))) continue;
      const directory = join(this.runDirectory, entry.name);
      await killLeftovers(directory);
      const removed = rm(directory, { recursive: true, force: true });
      await removed.then(
        () => dead.push(entry.name),
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
    this.#server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/**
 * Whether somebody listens on an instance's socket. It is `unknown` if there is none, or none that we
 * may connect to.
 */
export function askAlive(socketPath: string): Promise<"yes" | "no" | "unknown"> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve("yes");
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "ECONNREFUSED" ? "no" : "unknown");
    });
  });
}

/** Nobody listens: for sure, and not because we could not ask. */
async function isDead(socketPath: string): Promise<boolean> {
  const alive = await askAlive(socketPath);
  return alive === "no" || (alive === "unknown" && !(await exists(socketPath)));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT",
  );
}
