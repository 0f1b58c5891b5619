import { chmodSync, lstatSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";

/**
 * The state of a socket at a path. It is `unknown`, for example, where the process may not connect.
 */
export type SocketState = "answers" | "refuses" | "absent" | "unknown";

/**
 * Connects to find out whether a process listens on a socket. A socket that refuses belonged to a
 * process that has ended. An absent socket proves nothing, because another process may see other
 * files.
 */
export function socketState(path: string): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("answers");
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") resolve("refuses");
      else resolve(code === "ENOENT" ? "absent" : "unknown");
    });
  });
}

/**
 * Listens at a path with these permissions. Later `error` events concern single connections and are
 * ignored.
 */
export async function listenAt(server: Server, path: string, mode: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", () => {});
  // Synchronous, in about 10 µs: slow work may hold all threads of the pool.
  chmodSync(path, mode);
}

/**
 * Listens with mode 666, so that the sandbox's user `nobody` can connect. The directories above
 * keep other users out.
 */
export async function listenForSandbox(server: Server, path: string): Promise<void> {
  removeLeftover(path);
  await listenAt(server, path, 0o666);
}

/**
 * Removes the socket of a process that was killed. No other process listens under this name. The
 * calls are synchronous, about 20 µs each. Asynchronous ones would need the pool's threads, and
 * slow work there would delay each run.
 */
function removeLeftover(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket()) rmSync(path, { force: true });
}
