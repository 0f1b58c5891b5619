import type { RefusedMessage } from "../src/protocol/forwarder.ts";
import type { WorkerPermissions } from "../src/protocol/grants.ts";
import { tunnelsOf } from "../src/protocol/tunnels.ts";
import { type Close, openForwarder } from "./forwarder.ts";
import { Places } from "./places.ts";
import { openTunnels } from "./tunnels.ts";

/** The ways of one execution to the egress proxy. */
export class Ways {
  readonly #proxySocket: string;
  #close: Close[] = [];

  constructor(proxySocket: string) {
    this.#proxySocket = proxySocket;
  }

  /** Opens them. Returns the tunnels, which lead to one target each. */
  open(
    { net }: WorkerPermissions,
    onRefused: (refused: RefusedMessage) => void,
  ): ReadonlyMap<string, number> {
    const tunnels = tunnelsOf(typeof net === "boolean" ? [] : net);
    const places = new Places();
    this.#close = [
      openForwarder(this.#proxySocket, places, onRefused),
      openTunnels(tunnels, this.#proxySocket, places),
    ];
    return tunnels;
  }

  /** Closes them, with all their connections. */
  close(): void {
    for (const close of this.#close.splice(0)) close();
  }
}
