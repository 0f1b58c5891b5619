import { encodeFrame, type Frame } from "../src/protocol/frames.ts";
import {
  type CreditMessage,
  chunkCost,
  HTTP_LIMITS,
  type HttpJob,
  headFault,
} from "../src/protocol/http.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";
import {
  isCloseCode,
  SOCKET_LIMITS,
  type SocketEvent,
  type SocketMessage,
} from "../src/protocol/socket.ts";

type SocketPart = Extract<WorkerMessage, { type: "socket" }>;
type Part = Extract<WorkerMessage, { type: "head" | "chunk" }>;

const decoder = new TextDecoder();

/** Relays one job's response. Enforces the limits again: code may have taken over the worker. */
export class ResponseRelay {
  #credit: number;
  #bytesLeft: number;
  #hasHead = false;
  /** Messages of a WebSocket that the worker has not handled. */
  #untaken = 0;
  #isClosed = false;
  readonly #isUpgrade: boolean;

  /** Creates the relay. Without `job`, no response is accepted. */
  constructor(job?: HttpJob) {
    this.#credit = job === undefined ? 0 : HTTP_LIMITS.window;
    this.#bytesLeft = job?.maxBytes ?? 0;
    this.#isUpgrade = job?.isUpgrade === true;
  }

  /** Takes credit from a frame and makes the message for the worker. */
  inbound({ header }: Frame): CreditMessage {
    const bytes = Number(header.bytes);
    this.#credit += bytes;
    return { type: "credit", bytes };
  }

  /** Makes the frame for a part of the response, or `undefined` if the worker sends too much. */
  outbound(part: Part): Uint8Array | undefined {
    if (part.type === "head") {
      const { status, headers } = part;
      const count = headers.length;
      const characters = headers.reduce((sum, pair) => sum + pair[0].length + pair[1].length, 0);
      if (this.#credit <= 0 || this.#hasHead) return undefined;
      if (headFault(status, { count, characters }, this.#isUpgrade) !== undefined) return undefined;
      this.#hasHead = true;
      return encodeFrame("head", { status, headers });
    }
    return this.#pay(part.bytes) ? encodeFrame("chunk", {}, part.bytes) : undefined;
  }

  /** Makes the worker's message for an event of its WebSocket. */
  socketIn({ header, payload }: Frame): SocketMessage {
    const event = header as unknown as SocketEvent;
    if (event.op !== "message") return { ...event, type: "socket" };
    this.#untaken += 1;
    // Copied into a buffer of its own: code gets all of a buffer.
    const data = event.text ? decoder.decode(payload) : payload.slice();
    return { type: "socket", op: "message", data };
  }

  /** Makes the frame for a part of a WebSocket's message, or `undefined` as `outbound()` does. */
  socketOut(part: SocketPart): Uint8Array | undefined {
    if (!this.#isUpgrade || !this.#hasHead) return undefined;
    if (part.op === "piece") {
      const { bytes, text, last } = part;
      return this.#pay(bytes)
        ? encodeFrame("socket", { op: "piece", text, last }, bytes)
        : undefined;
    }
    if (part.op === "taken") {
      this.#untaken -= 1;
      return this.#untaken < 0 ? undefined : encodeFrame("socket", { op: "taken" });
    }
    const { code, reason } = part;
    if (this.#isClosed || !isCloseCode(code) || reason.length > SOCKET_LIMITS.reasonBytes) {
      return undefined;
    }
    this.#isClosed = true;
    return encodeFrame("socket", { op: "close", code, reason });
  }

  #pay({ length }: Uint8Array): boolean {
    if (length > HTTP_LIMITS.chunkBytes) return false;
    this.#credit -= chunkCost(length);
    this.#bytesLeft -= length;
    return this.#credit >= 0 && this.#bytesLeft >= 0;
  }
}
