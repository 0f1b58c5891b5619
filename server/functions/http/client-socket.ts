import type { IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import type { SocketReceiver } from "../../../src/engines/contract/http-delivery.ts";
import { HTTP_LIMITS } from "../../../src/protocol/http.ts";
import { NO_CODE, SOCKET_LIMITS, type SocketEvent } from "../../../src/protocol/socket.ts";
import type { Output } from "../../../src/request/types.ts";
import type { Upgrade } from "../../http/connections/upgrades.ts";

/** Default for the milliseconds between two pings. A client that leaves one unanswered is gone. */
const PING_MS = 20_000;
/** Milliseconds in which a client has to confirm the end. */
const CLOSE_MS = 2_000;

/** Close codes: the server goes away, code has failed, a message is against the limits. */
const NORMAL = 1_000;
const GOING_AWAY = 1_001;
const FAILED = 1_011;
const AGAINST_LIMITS = 1_008;
/** Code of an end without a handshake. It is never sent. */
const LOST = 1_006;

/** Milliseconds in which code may end by itself after its client has gone. */
const GONE_MS = 1_000;

type Message = Extract<SocketEvent, { op: "message" }>;

export interface ClientSocketOptions {
  readonly upgrade: Upgrade;
  /** Most bytes of all messages to code. */
  readonly maxBytes: number;
  /** Called when the connection has ended, whoever has ended it. */
  readonly onGone: () => void;
  /** Milliseconds between two pings. Default 20,000. */
  readonly pingEvery?: number;
}

/** WebSocket of a client, whose messages code in a sandbox sends and handles. */
export class ClientSocket implements SocketReceiver {
  readonly #options: ClientSocketOptions;
  #send: (event: SocketEvent) => void = () => {};
  #client: WebSocket | undefined;
  /** Costs of the messages that code has not handled. */
  readonly #underWay: number[] = [];
  #cost = 0;
  readonly #waiting: Message[] = [];
  #bytes = 0;
  #messages = 0;
  #isAccepted = false;
  /** End that was asked for before the connection was accepted. */
  #end: { readonly code: number; readonly reason: string } | undefined;

  constructor(options: ClientSocketOptions) {
    this.#options = options;
  }

  /** True once the connection is the client's WebSocket. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** Bytes that wait for the client. */
  get waiting(): number {
    return this.#client?.bufferedAmount ?? 0;
  }

  /** Accepts the client's handshake, with these headers besides its own. */
  accept(incoming: IncomingMessage, headers: Headers): void {
    this.#isAccepted = true;
    const { socket, head } = this.#options.upgrade.take();
    const protocol = headers.get("sec-websocket-protocol");
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: SOCKET_LIMITS.messageBytes,
      perMessageDeflate: false,
      handleProtocols: () => protocol ?? false,
    });
    server.on("headers", (lines) => {
      for (const [name, value] of headers) {
        if (!name.startsWith("sec-websocket-")) lines.push(`${name}: ${value}`);
      }
    });
    if (socket.destroyed) {
      this.#onGone(LOST, "");
      return;
    }
    // The handshake may still be refused, for a list of protocols that is none.
    socket.once("close", () => {
      if (this.#client === undefined) this.#onGone(LOST, "");
    });
    this.#options.upgrade.onLeave = () => this.end(GOING_AWAY);
    server.handleUpgrade(incoming, socket, head, (client) => this.#open(client));
  }

  /** Closes the connection when the execution ends, with a code that says how. */
  endWith(run: Promise<{ readonly output: Output }>): void {
    run.then(
      ({ output: { ok, outcome } }) => {
        if (ok) this.end(NORMAL);
        else if (outcome === "timeout") this.end(GOING_AWAY, "Execution timeout");
        else this.end(FAILED);
      },
      () => this.end(GOING_AWAY),
    );
  }

  connect(send: (event: SocketEvent) => void): void {
    this.#send = send;
  }

  onPiece(bytes: Uint8Array, { text, last }: { text: boolean; last: boolean }): Promise<void> {
    const client = this.#client;
    if (client === undefined || client.readyState !== client.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      client.send(bytes, { binary: !text, fin: last }, () => resolve());
    });
  }

  onTaken(): void {
    this.#cost -= this.#underWay.shift() ?? 0;
    this.#forward();
  }

  onClose(code: number, reason: string): void {
    this.end(code, reason);
  }

  /** Closes the connection. A client that does not confirm that is cut off. */
  end(code: number, reason = ""): void {
    const client = this.#client;
    if (client === undefined) {
      this.#end = { code, reason };
      return;
    }
    if (client.readyState !== client.OPEN) return;
    if (code === NO_CODE) client.close();
    else client.close(code, reason);
    setTimeout(() => client.terminate(), CLOSE_MS).unref();
  }

  #open(client: WebSocket): void {
    this.#client = client;
    client.on("error", () => {});
    client.on("message", (data: Buffer, isBinary) => this.#onMessage(data, !isBinary));
    client.on("close", (code, reason) => {
      clearInterval(pings);
      this.#onGone(code, reason.toString());
    });
    let isThere = true;
    client.on("ping", () => this.#isOneTooMany());
    client.on("pong", () => {
      isThere = true;
      this.#isOneTooMany();
    });
    const pings = setInterval(() => {
      // Nothing is read from one that waits for code, so neither is its answer.
      if (!isThere && !client.isPaused) client.terminate();
      isThere = client.isPaused;
      client.ping();
    }, this.#options.pingEvery ?? PING_MS).unref();
    this.#send({ op: "open" });
    if (this.#end !== undefined) this.end(this.#end.code, this.#end.reason);
  }

  #onMessage(bytes: Buffer, text: boolean): void {
    this.#bytes += bytes.length;
    if (this.#isOneTooMany()) return;
    this.#waiting.push({ op: "message", bytes, text });
    this.#forward();
  }

  /**
   * Counts a message, a ping or a pong, and ends the connection beyond the limits. Pings between the
   * parts of a message have each part keep all bytes that were read with it.
   */
  #isOneTooMany(): boolean {
    this.#messages += 1;
    const isTooMuch =
      this.#bytes > this.#options.maxBytes || this.#messages > SOCKET_LIMITS.messages;
    if (isTooMuch) this.end(AGAINST_LIMITS, "Too many messages, or too many bytes");
    return isTooMuch;
  }

  /** Sends waiting messages as far as there is room, and has the client wait with others. */
  #forward(): void {
    while (this.#waiting.length > 0) {
      const cost = (this.#waiting[0] as Message).bytes.length + HTTP_LIMITS.chunkFee;
      if (this.#cost > 0 && this.#cost + cost > SOCKET_LIMITS.window) break;
      this.#cost += cost;
      this.#underWay.push(cost);
      this.#send(this.#waiting.shift() as Message);
    }
    if (this.#waiting.length > 0) this.#client?.pause();
    else if (this.#client?.isPaused) this.#client.resume();
  }

  #onGone(code: number, reason: string): void {
    const clean = code !== LOST;
    this.#waiting.length = 0;
    this.#send({ op: "closed", code, reason, clean });
    this.#options.onGone();
  }
}

/** Ends an execution that goes on without its client. */
export function hangUpLater(hangUp: AbortController): void {
  setTimeout(() => hangUp.abort(), GONE_MS).unref();
}
