import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";

const ALIVE_SOCKET = "alive.sock";

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
    await mkdir(instance.directory, { mode: 0o700 });
    await new Promise<void>((resolve, reject) => {
      instance.#server.once("error", reject);
      instance.#server.listen(join(instance.directory, ALIVE_SOCKET), resolve);
    });
    instance.#server.unref();
    return instance;
  }

  /** Whether the instance of that id in the same run directory still runs. */
  async isAlive(id: string): Promise<boolean> {
    return id === this.id || answers(join(this.runDirectory, id, ALIVE_SOCKET));
  }

  /** Removes what instances that have ended left in the run directory. Returns their ids. */
  async removeDead(): Promise<string[]> {
    const dead: string[] = [];
    for (const entry of await readdir(this.runDirectory, { withFileTypes: true })) {
      if (!entry.isDirectory() || (await this.isAlive(entry.name))) continue;
      await rm(join(this.runDirectory, entry.name), { recursive: true, force: true });
      dead.push(entry.name);
    }
    return dead;
  }

  async close(): Promise<void> {
    this.#server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
