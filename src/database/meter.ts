import { errorResponse, HEADER_BYTES, MessageType } from "./messages.ts";

/** The most one statement may answer with. */
export interface ResultLimits {
  readonly rows: number;
  /** Bytes of rows, as the server sends them. */
  readonly bytes: number;
}

/** Ends of a statement's answer. */
const ENDS: string = [
  MessageType.commandComplete,
  MessageType.emptyQuery,
  MessageType.portalSuspended,
  MessageType.error,
].join("");
const DATA: string = MessageType.dataRow + MessageType.copyData;
/** `PROGRAM_LIMIT_EXCEEDED`, as SQLSTATE has it. */
const TOO_MUCH = "54000";

/**
 * Counts the rows of each statement in what the server sends, without looking into them. From the
 * row that is one too many on, all is dropped until the server waits again, and an error is put in
 * its place.
 */
export class ResultMeter {
  readonly #limits: ResultLimits;
  readonly #onExceeded: () => void;
  /** Header of a message that has not arrived as a whole. */
  #head = Buffer.alloc(0);
  /** Bytes still to come of the message under way, and whether they are passed on. */
  #left = 0;
  #passing = true;
  /** Set from the row that is one too many on, until the server waits again. */
  #cut: { told: boolean; readonly message: string } | undefined;
  #rows = 0;
  #bytes = 0;
  /** Whether the last message was the one that says that the server waits. */
  idle = true;

  /** `onExceeded` is called once for each statement that is cut. */
  constructor(limits: ResultLimits, onExceeded: () => void) {
    this.#limits = limits;
    this.#onExceeded = onExceeded;
  }

  /** What of a chunk, or instead of it, goes to the client. Throws for what is no message. */
  push(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const wanted = HEADER_BYTES - this.#head.length;
        this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + wanted)]);
        at += Math.min(wanted, chunk.length - at);
        if (this.#head.length < HEADER_BYTES) break;
        this.#begin(out);
        continue;
      }
      const part = chunk.subarray(at, at + this.#left);
      if (this.#passing) out.push(part);
      this.#left -= part.length;
      at += part.length;
    }
    return out;
  }

  #begin(out: Buffer[]): void {
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    const type = head.toString("latin1", 0, 1);
    this.#left = head.readUInt32BE(1) - 4;
    if (this.#left < 0) throw new Error("The server sent no message");
    this.idle = type === MessageType.readyForQuery;
    this.#count(type);
    if (this.idle) this.#tellCut(out);
    this.#passing = this.idle || this.#cut === undefined;
    if (this.idle) this.#cut = undefined;
    if (this.#passing) out.push(head);
    else if (type === MessageType.error) this.#tellCut(out);
  }

  #count(type: string): void {
    if (ENDS.includes(type)) {
      this.#rows = 0;
      this.#bytes = 0;
    }
    if (!DATA.includes(type) || this.#cut !== undefined) return;
    this.#rows += 1;
    this.#bytes += this.#left;
    const { rows, bytes } = this.#limits;
    if (this.#rows > rows) this.#cut = { told: false, message: `The result has over ${rows} rows` };
    else if (this.#bytes > bytes) {
      this.#cut = { told: false, message: `The result has over ${bytes} bytes` };
    }
    if (this.#cut !== undefined) this.#onExceeded();
  }

  /** The client hears of it where it would hear of a failure, once. */
  #tellCut(out: Buffer[]): void {
    if (this.#cut === undefined || this.#cut.told) return;
    const { message } = this.#cut;
    this.#cut.told = true;
    out.push(errorResponse({ severity: "ERROR", code: TOO_MUCH, message, hint: HINT }));
  }
}

const HINT = "Ask for less: limit, where, or fewer columns";
