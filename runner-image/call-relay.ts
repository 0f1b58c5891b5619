import {
  type AnswerMessage,
  CALL_LIMITS,
  CALLS_TOOL,
  type CallRequest,
  type CallsConfig,
} from "../src/protocol/calls.ts";
import { encodeFrame, type Frame } from "../src/protocol/frames.ts";
import type { ToolUse } from "../src/protocol/messages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Relays one job's calls to functions of its caller, and their answers. The limits are enforced here
 * again, because code may have taken over the worker.
 */
export class CallRelay {
  readonly #names: ReadonlySet<string>;
  /** Number of each call without an answer → bytes of its arguments. */
  readonly #open = new Map<number, number>();
  #bytes = 0;
  #last = 0;

  constructor(tools: readonly ToolUse[] = []) {
    const use = tools.find(({ name }) => name === CALLS_TOOL);
    this.#names = new Set((use?.config as CallsConfig | undefined)?.names);
  }

  /** Makes the message for the worker, or `undefined` for a call that is not open. */
  inbound({ header, payload }: Frame): AnswerMessage | undefined {
    const number = header.number as number;
    const bytes = this.#open.get(number);
    if (bytes === undefined) return undefined;
    this.#open.delete(number);
    this.#bytes -= bytes;
    return {
      type: "answer",
      number,
      failed: header.failed === true,
      text: decoder.decode(payload),
    };
  }

  /** Makes the frame for a call of the worker, or `undefined` if it exceeds a limit. */
  outbound({ number, name, text }: CallRequest): Uint8Array | undefined {
    if (number !== this.#last + 1 || number > CALL_LIMITS.calls) return undefined;
    if (!this.#names.has(name) || this.#open.size >= CALL_LIMITS.atOnce) return undefined;
    if (typeof text !== "string" || text.length > CALL_LIMITS.argsBytes) return undefined;
    const payload = encoder.encode(text);
    const all = this.#bytes + payload.length;
    if (payload.length > CALL_LIMITS.argsBytes || all > CALL_LIMITS.bytesAtOnce) return undefined;
    this.#last = number;
    this.#bytes = all;
    this.#open.set(number, payload.length);
    return encodeFrame("call", { number, name }, payload);
  }
}
