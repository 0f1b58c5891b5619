import type { ResultLimits } from "../protocol/database-target.ts";
import { errorResponse, HEADER_BYTES, MessageType } from "./postgres-messages.ts";

const NOTHING: Buffer = Buffer.alloc(0);

/** Ends of a statement's answer, and of what comes behind the last one. */
const ENDS: string = [
  MessageType.commandComplete,
  MessageType.emptyQuery,
  MessageType.portalSuspended,
  MessageType.error,
  MessageType.readyForQuery,
].join("");
const DATA: string = MessageType.dataRow + MessageType.copyData;
/** `PROGRAM_LIMIT_EXCEEDED`, as SQLSTATE has it. */
const TOO_MUCH = "54000";
const HINT = "Ask for less: limit, where, or fewer columns";

/**
 * Counts the rows of each statement in what the server sends, without looking into them. From the
 * row that is one too many on, all is dropped until the server waits again, and an error is put in
 * its place.
 */
export class ResultMeter {
  /** Whether the last message was the one that says that the server waits. */
  idle = true;
  readonly #limits: ResultLimits;
  readonly #onExceeded: () => void;
  /** Of a header that has not arrived as a whole. */
  #head = NOTHING;
  /** Bytes still to come of the message under way, and whether it is passed on. */
  #left = 0;
  #passing = true;
  /** Set from the row that is one too many on, until the server waits again. */
  #cut: { readonly told: boolean; readonly message: string } | undefined;
  #rows = 0;
  #bytes = 0;

  /** `onExceeded` is called once for each statement that is cut. */
  constructor(limits: ResultLimits, onExceeded: () => void) {
    this.#limits = limits;
    this.#onExceeded = onExceeded;
  }

  /** What of a chunk, or instead of it, goes to the client. Throws for what is no message. */
  push(chunk: Buffer): Buffer[] {
    const out = new Pieces(chunk);
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const end = Math.min(at + this.#left, chunk.length);
        if (this.#passing) out.keep(at, end);
        this.#left -= end - at;
        at = end;
        continue;
      }
      const end = Math.min(at + HEADER_BYTES - this.#head.length, chunk.length);
      const isSplit = this.#head !== NOTHING;
      const part = chunk.subarray(at, end);
      const head = isSplit ? Buffer.concat([this.#head, part]) : part;
      if (head.length === HEADER_BYTES) {
        this.#begin(head, out);
        if (this.#passing && isSplit) out.insert(head);
        else if (this.#passing) out.keep(at, end);
      }
      this.#head = head.length === HEADER_BYTES ? NOTHING : head;
      at = end;
    }
    return out.all();
  }

  #begin(head: Buffer, out: Pieces): void {
    const type = String.fromCharCode(head[0] ?? 0);
    this.#left = head.readUInt32BE(1) - 4;
    if (this.#left < 0) throw new Error("The server sent no message");
    this.idle = type === MessageType.readyForQuery;
    this.#count(type);
    // The client hears of it where it would hear of a failure, once.
    const { told = true, message = "" } = this.#cut ?? {};
    if (!told && (this.idle || type === MessageType.error)) {
      this.#cut = { told: true, message };
      out.insert(errorResponse({ severity: "ERROR", code: TOO_MUCH, message, hint: HINT }));
    }
    this.#passing = this.idle || this.#cut === undefined;
    if (this.idle) this.#cut = undefined;
  }

  #count(type: string): void {
    // Whatever it is: code can have as much of each kind as it likes.
    if (this.#cut === undefined && !this.idle) this.#add(type);
    if (!ENDS.includes(type)) return;
    this.#rows = 0;
    this.#bytes = 0;
  }

  #add(type: string): void {
    if (DATA.includes(type)) this.#rows += 1;
    this.#bytes += this.#left;
    const { rows, bytes } = this.#limits;
    const excess =
      this.#rows > rows ? `${rows} rows` : this.#bytes > bytes ? `${bytes} bytes` : undefined;
    if (excess === undefined) return;
    this.#cut = { told: false, message: `The result has over ${excess}` };
    this.#onExceeded();
  }
}

/** What is kept of a chunk, in as few pieces as that takes: rows are many, and small. */
class Pieces {
  readonly #chunk: Buffer;
  readonly #done: Buffer[] = [];
  #from = 0;
  #to = 0;

  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }

  keep(from: number, to: number): void {
    if (from !== this.#to) {
      this.#flush();
      this.#from = from;
    }
    this.#to = to;
  }

  /** Puts something in between that is not of the chunk. */
  insert(piece: Buffer): void {
    this.#flush();
    this.#done.push(piece);
  }

  all(): Buffer[] {
    this.#flush();
    return this.#done;
  }

  #flush(): void {
    if (this.#to > this.#from) this.#done.push(this.#chunk.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
