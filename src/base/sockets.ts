import { chmodSync, lstatSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";

/** The state of a socket at a path. It is `unknown` where the process may not connect, for example. */
export type SocketState = "answers" | "refuses" | "absent" | "unknown";

/**
 * Asks whether a process listens on a socket. A socket that refuses belonged to a process that has ended. An
 * absent socket proves nothing: another process may have another view of the host's files.
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

/** Listens at a path with these permissions. Errors after that, of single connections, are none of the server's. */
export async function listenAt(server: Server, path: string, mode: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", () => {});
  // Synchronously, in some 10 µs: the pool's threads may all be held by something slow.
  chmodSync(path, mode);
}

/** Listens where the sandbox's user can connect, who is nobody; the directories above keep others out. */
export async function listenForSandbox(server: Server, path: string): Promise<void> {
  removeLeftover(path);
  await listenAt(server, path, 0o666);
}

/**
 * Removes what a process that was killed has left: nobody else listens under this name. Files are seen
 * to synchronously, in some 20 µs each: whatever holds the pool's threads would keep every run from
 * being opened and closed.
 */
function removeLeftover(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket()) rmSync(path, { force: true });
}
