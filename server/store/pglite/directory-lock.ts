import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { listenAt, socketState } from "../../../src/base/sockets.ts";

const SOCKET = /^(\d+)-[\da-f]{8}$/;

/**
 * Locks a directory for one process. Each process listens on its own socket in it, which answers
 * while the process lives. So a lock never outlives its holder, and a reused process id does not
 * matter. A process listens before it checks the others: two may refuse each other, but never both
 * go on.
 */
export class DirectoryLock {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /**
   * Takes the lock.
   *
   * @throws {Error} Naming the process that uses the directory.
   */
  static async take(directory: string): Promise<DirectoryLock> {
    const sockets = join(directory, "lock");
    await mkdir(sockets, { recursive: true, mode: 0o700 });
    const own = `${process.pid}-${randomBytes(4).toString("hex")}`;
    const server = createServer((socket) => socket.destroy());
    // Path by the directory's descriptor, because a socket's path has about a hundred characters at
    // most.
    const handle = await open(sockets);
    try {
      const at = (name: string) => `/proc/self/fd/${handle.fd}/${name}`;
      await listenAt(server, at(own), 0o600);
      server.unref();
      const lock = new DirectoryLock(server, join(sockets, own));
      for (const name of await readdir(sockets)) {
        const [, holder] = SOCKET.exec(name) ?? [];
        if (holder === undefined || name === own) continue;
        const state = await socketState(at(name));
        if (state === "answers" || state === "unknown") {
          await lock.release();
          throw new Error(`${directory} is used by process ${holder}`);
        }
        await rm(join(sockets, name), { force: true });
      }
      return lock;
    } finally {
      await handle.close();
    }
  }

  async release(): Promise<void> {
    this.#server.close();
    await rm(this.#path, { force: true });
  }
}
