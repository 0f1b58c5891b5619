import { rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { listenForSandbox } from "../src/base/sockets.ts";
import type { RunReport } from "../src/protocol/egress-admin.ts";
import type { ProxiedRun } from "./proxied-run.ts";
import { serveConnection } from "./serve-connection.ts";

/** One slot's `egress.sock`, and the run that is behind it while it listens. */
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

  /** Listens at `path`. Rejects if that cannot be done, and leaves nothing behind then. */
  static async open(path: string, run: ProxiedRun): Promise<RunSocket> {
    const slot = new RunSocket(path, run);
    try {
      await listenForSandbox(slot.#server, path);
    } catch (error) {
      await slot.close();
      throw error;
    }
    return slot;
  }

  /** Cuts every connection at once, removes the socket, and tells what the run used. */
  async close(): Promise<RunReport> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#run.close();
    await closed;
    removeQuietly(this.#path);
    return this.#run.decisions.summary();
  }
}

/** Removes a file synchronously, as `listenForSandbox` does; one that stays goes with the slot's directory. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
