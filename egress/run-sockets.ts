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
  /** What is behind the slot's `egress.sock`, if that is to be there. */
  readonly run: ProxiedRun | undefined;
  readonly request: OpenRequest;
  readonly reserve: SpareConnections;
  readonly audit: OnDecision;
}

/** What is open for one run: its slot's sockets, or one of them. */
export class RunSockets {
  readonly #slot: RunSocket | undefined;
  readonly #databaseProxy: DatabaseProxy | undefined;

  private constructor(slot: RunSocket | undefined, databaseProxy: DatabaseProxy | undefined) {
    this.#slot = slot;
    this.#databaseProxy = databaseProxy;
  }

  /** Opens all or, if that fails, nothing. */
  static async open({ run, request, reserve, audit }: RunSocketsOptions): Promise<RunSockets> {
    const { egress, database, tenant } = request;
    if (database === undefined) {
      return new RunSockets(egress && run && (await RunSocket.open(egress.socket, run)), undefined);
    }
    const [{ host, port }] = database.target.hosts as [DatabaseHost];
    const slot = egress && run && (await RunSocket.open(egress.socket, run));
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
      return new RunSockets(slot, await DatabaseProxy.open({ ...database, reserve, audit: note }));
    } catch (error) {
      await slot?.close();
      throw error;
    }
  }

  /** Cuts every connection, removes the sockets, and tells what the run used of the network. */
  async close(): Promise<RunReport> {
    const [report] = await Promise.all([this.#slot?.close(), this.#databaseProxy?.close()]);
    return report ?? NOTHING;
  }
}
