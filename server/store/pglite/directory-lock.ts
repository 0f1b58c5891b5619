import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";

const SOCKET = /^(\d+)-[\da-f]{8}$/;

/**
 * A directory that one process uses at a time. Each has a socket of its own in it, which answers
 * exactly as long as its process lives, however it ends: a lock never outlives its holder, and other
 * processes of the same number are not taken for it, as they are by a file that names one. Since
 * whoever comes listens before it looks round, two can refuse each other, but never both go ahead.
 */
export class DirectoryLock {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Rejects with an Error that names the process which uses the directory. */
  static async take(directory: string): Promise<DirectoryLock> {
    const sockets = join(directory, "lock");
    await mkdir(sockets, { recursive: true, mode: 0o700 });
    const own = `${process.pid}-${randomBytes(4).toString("hex")}`;
    const server = createServer((socket) => socket.destroy());
    // By the directory's descriptor: a socket's path has a hundred characters at most.
    const handle = await open(sockets);
    try {
      const at = (name: string) => `/proc/self/fd/${handle.fd}/${name}`;
      await listen(server, at(own));
      // A socket has the mode that the umask leaves, whatever that is.
      await chmod(at(own), 0o600);
      const lock = new DirectoryLock(server, join(sockets, own));
      for (const name of await readdir(sockets)) {
        const [, holder] = SOCKET.exec(name) ?? [];
        if (holder === undefined || name === own) continue;
        if (await answers(at(name))) {
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

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  server.unref();
}

/** Whether anybody listens, as far as one can tell. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT");
    });
  });
}
