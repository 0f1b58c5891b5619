import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { destroySoon } from "../src/base/hang-up.ts";
import type { CheckedAddress } from "../src/destinations/admit.ts";
import { Refusal, type RefusalCode } from "../src/destinations/refusal.ts";
import type { EgressLimits } from "../src/protocol/egress-limits.ts";
import type { TunnelEnd } from "./decision-log.ts";
import { type Dialled, dial } from "./dial.ts";
import { pump } from "./pump.ts";
import type { Quota } from "./quota.ts";

/** The execution that a tunnel is of, as far as it counts for that. */
export interface TunnelRun {
  readonly limits: Pick<EgressLimits, "idleTimeoutMs" | "absoluteTimeoutMs" | "dialTimeoutMs">;
  readonly quota: Pick<Quota, "in" | "out">;
  trackUpstream(socket: Socket, client: Socket): void;
}

/** Why a tunnel is over. All but `DONE` and `CLOSED` can be told a client that still waits. */
export type EndCode = RefusalCode | "DONE" | "CLOSED";

/**
 * One way to the outside that was allowed: a client's socket, the socket that was dialled for it,
 * and the clocks and meters on both. It ends once, whoever ends it.
 */
export class Tunnel {
  readonly client: Socket;
  readonly #run: TunnelRun;
  readonly #onEnd: (end: TunnelEnd) => void;
  readonly #idle: NodeJS.Timeout;
  readonly #absolute: NodeJS.Timeout;
  readonly #addresses: readonly [CheckedAddress, ...CheckedAddress[]];
  #dialled: Dialled | undefined;
  #answered = false;
  #end: EndCode | undefined;
  #bytesOut = 0;
  #bytesIn = 0;

  /** Starts the clocks. */
  constructor(
    run: TunnelRun,
    client: Socket,
    addresses: readonly [CheckedAddress, ...CheckedAddress[]],
    onEnd: (end: TunnelEnd) => void,
  ) {
    const { idleTimeoutMs, absoluteTimeoutMs } = run.limits;
    this.client = client;
    this.#run = run;
    this.#addresses = addresses;
    this.#onEnd = onEnd;
    this.#idle = setTimeout(() => this.end("IDLE_TIMEOUT"), idleTimeoutMs);
    this.#absolute = setTimeout(() => this.end("ABSOLUTE_TIMEOUT"), absoluteTimeoutMs);
    client.once("close", () => this.#clientClosed());
  }

  /** Connects to the outside. @throws {Refusal} */
  async dial(): Promise<Socket> {
    const track = (socket: Socket): void => this.#run.trackUpstream(socket, this.client);
    const dialled = await dial(this.#addresses, track, this.#run.limits.dialTimeoutMs);
    this.#dialled = dialled;
    if (this.#end !== undefined) {
      dialled.socket.destroy();
      throw this.reason();
    }
    return dialled.socket;
  }

  /** The client has got its answer's head: from here on, cutting it off is all that can be said. */
  answered(): void {
    this.#answered = true;
  }

  /** Counts bytes to the outside; false, and the end, if they are too many. */
  out = (bytes: number): boolean => {
    this.#idle.refresh();
    this.#bytesOut += bytes;
    return this.#run.quota.out(bytes) || this.#outOfBytes();
  };

  /** Counts bytes from the outside; false, and the end, if they are too many. */
  in = (bytes: number): boolean => {
    this.#idle.refresh();
    this.#bytesIn += bytes;
    return this.#run.quota.in(bytes) || this.#outOfBytes();
  };

  /** Passes bytes on both ways, `first` before all others, until both sides have ended. */
  splice(upstream: Socket, first: Buffer): void {
    if (first.length > 0 && this.out(first.length)) upstream.write(first);
    upstream.once("close", () => destroySoon(this.client));
    pump(this.client, upstream, this.out, () => upstream.end());
    pump(upstream, this.client, this.in, () => this.client.end());
  }

  /** Ends it at once. A client that has had no answer is left for whoever owes it one. */
  end(code: EndCode): void {
    if (this.#end !== undefined) return;
    this.#end = code;
    clearTimeout(this.#idle);
    clearTimeout(this.#absolute);
    const upstream = this.#dialled?.socket;
    if (code === "DONE" && upstream !== undefined) destroySoon(upstream);
    else upstream?.destroy();
    if (this.#answered) this.client.destroy();
    this.#onEnd({
      address: this.#dialled?.address ?? this.#addresses[0].ip,
      connected: this.#dialled !== undefined,
      code,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
    });
  }

  /** Why it ended, or what is said where that is not known, as the client is told. */
  reason(): Refusal {
    const code = this.#end;
    if (code === undefined || code === "DONE" || code === "CLOSED") {
      return new Refusal("UPSTREAM_FAILED", "The host broke the connection off");
    }
    return new Refusal(code, "The tunnel was cut before there was an answer");
  }

  #clientClosed(): void {
    this.end(this.#answered ? "DONE" : "CLOSED");
  }

  #outOfBytes(): boolean {
    this.end("LIMIT_BYTES");
    return false;
  }
}
