import {
  type Answered,
  CALL_LIMITS,
  type CallAnswer,
  type CallRequest,
} from "../protocol/calls.ts";

/** A call that the caller hears of. `text` claims to be JSON. */
export interface HeardCall {
  /** Number among all calls of the execution. */
  readonly serial: number;
  readonly name: string;
  readonly text: string;
}

type Send = (answer: CallAnswer) => Answered;

interface OpenCall {
  /** Number in its job. */
  readonly number: number;
  readonly bytes: number;
}

/**
 * Calls of one execution that wait for an answer of its caller. Whatever exceeds the limits is dropped,
 * because our runner never sends it.
 */
export class Calls {
  readonly #names: ReadonlySet<string>;
  readonly #onCall: (call: HeardCall) => void;
  /** Serial → the call. */
  readonly #open = new Map<number, OpenCall>();
  #send: Send | undefined;
  #serial = 0;
  #last = 0;
  #bytes = 0;

  constructor(names: readonly string[], onCall: (call: HeardCall) => void) {
    this.#names = new Set(names);
    this.#onCall = onCall;
  }

  /** Begins the calls of a sandbox. Those of an earlier one have no answer any more. */
  connect(send: Send): void {
    this.#send = send;
    this.#open.clear();
    this.#last = 0;
    this.#bytes = 0;
  }

  /** Takes a call of the sandbox. */
  receive({ number, name, text }: CallRequest): void {
    if (this.#send === undefined || number !== this.#last + 1) return;
    if (!this.#names.has(name) || this.#serial >= CALL_LIMITS.calls) return;
    const bytes = Buffer.byteLength(text);
    const all = this.#bytes + bytes;
    if (bytes > CALL_LIMITS.argsBytes || all > CALL_LIMITS.bytesAtOnce) return;
    if (this.#open.size >= CALL_LIMITS.atOnce) return;
    this.#last = number;
    this.#serial += 1;
    this.#bytes = all;
    this.#open.set(this.#serial, { number, bytes });
    this.#onCall({ serial: this.#serial, name, text });
  }

  /** Number of calls that wait for answers. */
  get open(): number {
    return this.#open.size;
  }

  /** Tells whether a call waits for its answer. */
  isOpen(serial: number): boolean {
    return this.#open.has(serial);
  }

  /** Sends an answer to the sandbox. Each call has one at most. */
  answer(serial: number, { failed, text }: Omit<CallAnswer, "number">): Answered {
    const call = this.#open.get(serial);
    if (call === undefined || this.#send === undefined) return "unknown";
    const answered = this.#send({ number: call.number, failed, text });
    if (answered !== "sent") return answered;
    this.#open.delete(serial);
    this.#bytes -= call.bytes;
    return answered;
  }

  /** Ends all calls. */
  close(): void {
    this.#send = undefined;
    this.#open.clear();
  }
}
