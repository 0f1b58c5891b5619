import { encodeFrame, type Frame } from "../src/protocol/frames.ts";
import {
  type CreditMessage,
  chunkCost,
  HTTP_LIMITS,
  type HttpJob,
  headFault,
} from "../src/protocol/http.ts";
import type { WorkerMessage } from "../src/protocol/messages.ts";

type Part = Extract<WorkerMessage, { type: "head" | "chunk" }>;

/** Relays one job's response. Enforces the limits again: code may have taken over the worker. */
export class ResponseRelay {
  #credit: number;
  #bytesLeft: number;
  #hasHead = false;

  /** Creates the relay. Without `job`, no response is accepted. */
  constructor(job?: HttpJob) {
    this.#credit = job === undefined ? 0 : HTTP_LIMITS.window;
    this.#bytesLeft = job?.maxBytes ?? 0;
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
      if (headFault(status, { count, characters }) !== undefined) return undefined;
      this.#hasHead = true;
      return encodeFrame("head", { status, headers });
    }
    const { length } = part.bytes;
    if (length > HTTP_LIMITS.chunkBytes) return undefined;
    this.#credit -= chunkCost(length);
    this.#bytesLeft -= length;
    if (this.#credit < 0 || this.#bytesLeft < 0) return undefined;
    return encodeFrame("chunk", {}, part.bytes);
  }
}
