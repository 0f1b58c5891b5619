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

/** Parts of a run that a tunnel uses. */
export interface TunnelRun {
  readonly limits: Pick<EgressLimits, "idleTimeoutMs" | "absoluteTimeoutMs" | "dialTimeoutMs">;
  readonly quota: Pick<Quota, "in" | "out">;
  trackUpstream(socket: Socket, client: Socket): void;
}

/**
 * Reason of a tunnel's end. A client that still waits gets any but `DONE` and `CLOSED` as an
 * answer.
 */
export type EndCode = RefusalCode | "DONE" | "CLOSED";

/**
 * One allowed connection to the outside: the client's socket, the dialled socket, and the timers
 * and counters of both. It ends once, from any side.
 */
export class Tunnel {
  /** The client's socket, or what is read from and written to in its place. */
  client: Socket;
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

  /** Starts the timers. */
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

  /**
   * Connects to the outside.
   *
   * @throws {Refusal} If no address answers in time, or the tunnel has ended meanwhile.
   */
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

  /** Notes that the client has got a response's head. From then on, faults only cut it off. */
  answered(): void {
    this.#answered = true;
  }

  /** Reads from and writes to another socket in place of the client's, whose end ends both. */
  speakThrough(socket: Socket): void {
    const { client } = this;
    socket.on("error", () => socket.destroy());
    socket.once("close", () => client.destroy());
    client.once("close", () => socket.destroy());
    this.client = socket;
  }

  /** Counts bytes to the outside. If they exceed the limit, ends the tunnel and returns false. */
  out = (bytes: number): boolean => {
    this.#idle.refresh();
    this.#bytesOut += bytes;
    return this.#run.quota.out(bytes) || this.#outOfBytes();
  };

  /** Counts bytes from the outside. If they exceed the limit, ends the tunnel and returns false. */
  in = (bytes: number): boolean => {
    this.#idle.refresh();
    this.#bytesIn += bytes;
    return this.#run.quota.in(bytes) || this.#outOfBytes();
  };

  /** Forwards bytes both ways until both sides have ended. Sends `first` before all others. */
  splice(upstream: Socket, first: Buffer): void {
    if (first.length > 0 && this.out(first.length)) upstream.write(first);
    upstream.once("close", () => destroySoon(this.client));
    pump(this.client, upstream, this.out, () => upstream.end());
    pump(upstream, this.client, this.in, () => this.client.end());
  }

  /** Ends the tunnel at once. A client without a response is left for its caller to answer. */
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

  /** Returns the reason of the end for the client, or a general one if none is known. */
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
