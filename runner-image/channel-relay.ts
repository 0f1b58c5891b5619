import { encodeFrame, type Frame } from "../src/protocol/frames.ts";
import { CHANNEL_LIMITS } from "../src/protocol/limits.ts";
import type { ChannelMessage, ChannelRequest } from "../src/protocol/messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Relays one job's channel in both directions. The limits are enforced here again, because code may
 * have taken over the worker.
 */
export class ChannelRelay {
  #emits = 0;
  #changes = 0;
  #onTheWay = 0;

  /** Makes the message for the worker out of a frame. */
  inbound({ header, payload }: Frame): ChannelMessage {
    this.#onTheWay += 1;
    return { type: "channel", topic: header.topic as string, text: decoder.decode(payload) };
  }

  /** Makes the frame for a request of the worker, or `undefined` if it exceeds a limit. */
  outbound(request: ChannelRequest): Uint8Array | undefined {
    const { op } = request;
    if (op === "taken") {
      if (this.#onTheWay === 0) return undefined;
      this.#onTheWay -= 1;
      return encodeFrame("channel", { op });
    }
    const { topic } = request;
    if (typeof topic !== "string" || topic.length > CHANNEL_LIMITS.topicLength) return undefined;
    if (op === "on" || op === "off") {
      this.#changes += 1;
      const tooMany = this.#changes > 2 * CHANNEL_LIMITS.subscriptions;
      return tooMany ? undefined : encodeFrame("channel", { op, topic });
    }
    if (op !== "emit") return undefined;
    this.#emits += 1;
    const payload = encoder.encode(request.text);
    const tooMuch = this.#emits > CHANNEL_LIMITS.emits || payload.length > CHANNEL_LIMITS.textBytes;
    return tooMuch ? undefined : encodeFrame("channel", { op, topic }, payload);
  }
}
