import { rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { listenForSandbox } from "../src/base/sockets.ts";
import type { RunReport } from "../src/protocol/egress-admin.ts";
import type { ProxiedRun } from "./proxied-run.ts";
import { serveConnection } from "./serve-connection.ts";

/** Listens on a sandbox's `egress.sock`, for one run. */
export class RunSocket {
  readonly #path: string;
  readonly #run: ProxiedRun;
  readonly #server: Server;

  private constructor(path: string, run: ProxiedRun) {
    this.#path = path;
    this.#run = run;
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      void serveConnection(client, run);
    });
  }

  /** Listens at `path`. On failure it rejects and leaves nothing behind. */
  static async open(path: string, run: ProxiedRun): Promise<RunSocket> {
    const runSocket = new RunSocket(path, run);
    try {
      await listenForSandbox(runSocket.#server, path);
    } catch (error) {
      await runSocket.close();
      throw error;
    }
    return runSocket;
  }

  /** Cuts off every connection at once, removes the socket, and returns the run's usage. */
  async close(): Promise<RunReport> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#run.close();
    await closed;
    removeQuietly(this.#path);
    return this.#run.decisions.summary();
  }
}

/**
 * Removes a file synchronously, as `listenForSandbox` does. A file that stays goes with the
 * sandbox's directory.
 */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
