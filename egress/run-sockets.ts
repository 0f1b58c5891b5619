import { DatabaseProxy } from "../src/database/database-proxy.ts";
import type { SpareConnections } from "../src/database/spare-connections.ts";
import type { DatabaseHost } from "../src/protocol/database-target.ts";
import type { OpenRequest, RunReport } from "../src/protocol/egress-admin.ts";
import type { OnDecision } from "./decision-log.ts";
import type { ProxiedRun } from "./proxied-run.ts";
import { RunSocket } from "./run-socket.ts";

const NOTHING: RunReport = {
  tunnels: 0,
  bytesOut: 0,
  bytesIn: 0,
  denied: [],
  deniedMore: 0,
  unreported: 0,
};

export interface RunSocketsOptions {
  /** Run behind the sandbox's `egress.sock`. Absent if the run may not use the network. */
  readonly run: ProxiedRun | undefined;
  readonly request: OpenRequest;
  readonly reserve: SpareConnections;
  readonly audit: OnDecision;
}

/** The sockets of one run's sandbox: for the network, for the database, or both. */
export class RunSockets {
  readonly #runSocket: RunSocket | undefined;
  readonly #databaseProxy: DatabaseProxy | undefined;

  private constructor(runSocket: RunSocket | undefined, databaseProxy: DatabaseProxy | undefined) {
    this.#runSocket = runSocket;
    this.#databaseProxy = databaseProxy;
  }

  /** Opens all sockets or, if one fails, none. */
  static async open({ run, request, reserve, audit }: RunSocketsOptions): Promise<RunSockets> {
    const { egress, database, tenant } = request;
    if (database === undefined) {
      return new RunSockets(egress && run && (await RunSocket.open(egress.socket, run)), undefined);
    }
    const [{ host, port }] = database.target.hosts as [DatabaseHost];
    const runSocket = egress && run && (await RunSocket.open(egress.socket, run));
    const subject = { event: "decision", run: request.run, tenant, host, port } as const;
    let sequence = 0;
    const note = (code: string): void => {
      sequence += 1;
      audit({
        ...subject,
        address: null,
        verdict: code === "" ? "allowed" : "denied",
        code: code || "DATABASE",
        sequence,
      });
    };
    try {
      return new RunSockets(
        runSocket,
        await DatabaseProxy.open({ ...database, reserve, audit: note }),
      );
    } catch (error) {
      await runSocket?.close();
      throw error;
    }
  }

  /** Cuts off every connection, removes the sockets, and returns the run's use of the network. */
  async close(): Promise<RunReport> {
    const [report] = await Promise.all([this.#runSocket?.close(), this.#databaseProxy?.close()]);
    return report ?? NOTHING;
  }
}
