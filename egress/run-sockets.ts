import { DatabaseGate } from "../src/database/database-proxy.ts";
import type { Reserve } from "../src/database/spare-connections.ts";
import type { DatabaseHost } from "../src/protocol/database-target.ts";
import type { OpenRequest, RunReport } from "../src/protocol/egress-admin.ts";
import type { Audit } from "./decision-log.ts";
import type { Run } from "./run.ts";
import { Slot } from "./run-socket.ts";

const NOTHING: RunReport = {
  tunnels: 0,
  bytesOut: 0,
  bytesIn: 0,
  denied: [],
  deniedMore: 0,
  unreported: 0,
};

export interface WaysOptions {
  /** What is behind the slot's `egress.sock`, if that is to be there. */
  readonly run: Run | undefined;
  readonly request: OpenRequest;
  readonly reserve: Reserve;
  readonly audit: Audit;
}

/** What is open for one run: its slot's sockets, or one of them. */
export class Ways {
  readonly #slot: Slot | undefined;
  readonly #gate: DatabaseGate | undefined;

  private constructor(slot: Slot | undefined, gate: DatabaseGate | undefined) {
    this.#slot = slot;
    this.#gate = gate;
  }

  /** Opens all or, if that fails, nothing. */
  static async open({ run, request, reserve, audit }: WaysOptions): Promise<Ways> {
    const { egress, database, tenant } = request;
    if (database === undefined) {
      return new Ways(egress && run && (await Slot.open(egress.socket, run)), undefined);
    }
    const [{ host, port }] = database.target.hosts as [DatabaseHost];
    const slot = egress && run && (await Slot.open(egress.socket, run));
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
      return new Ways(slot, await DatabaseGate.open({ ...database, reserve, audit: note }));
    } catch (error) {
      await slot?.close();
      throw error;
    }
  }

  /** Cuts every connection, removes the sockets, and tells what the run used of the network. */
  async close(): Promise<RunReport> {
    const [report] = await Promise.all([this.#slot?.close(), this.#gate?.close()]);
    return report ?? NOTHING;
  }
}
