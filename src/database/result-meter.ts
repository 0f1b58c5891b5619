import type { ResultLimits } from "../protocol/database-target.ts";
import { errorResponse, HEADER_BYTES, MessageType } from "./postgres-messages.ts";

const NOTHING: Buffer = Buffer.alloc(0);

/** Messages that end a statement's answer, and the one after the last answer. */
const ENDS: string = [
  MessageType.commandComplete,
  MessageType.emptyQuery,
  MessageType.portalSuspended,
  MessageType.error,
  MessageType.readyForQuery,
].join("");
const DATA: string = MessageType.dataRow + MessageType.copyData;
/** SQLSTATE `PROGRAM_LIMIT_EXCEEDED`. */
const TOO_MUCH = "54000";
const HINT = "Ask for less: limit, where, or fewer columns";

/**
 * Counts the rows of each statement in the server's bytes, without decoding them. Beyond the limit,
 * drops everything until the server is ready again, and puts an error in its place.
 */
export class ResultMeter {
  /** True if the last message said that the server is ready. */
  idle = true;
  readonly #limits: ResultLimits;
  readonly #onExceeded: () => void;
  /** Part of a header that has not arrived as a whole. */
  #head = NOTHING;
  /** Bytes left of the present message, and whether they are passed on. */
  #left = 0;
  #passing = true;
  /** Set while rows beyond the limit are dropped, until the server is ready again. */
  #cut: { readonly told: boolean; readonly message: string } | undefined;
  #rows = 0;
  #bytes = 0;

  /** Calls `onExceeded` once for each statement that is cut off. */
  constructor(limits: ResultLimits, onExceeded: () => void) {
    this.#limits = limits;
    this.#onExceeded = onExceeded;
  }

  /**
   * Returns the pieces of a chunk that go to the client, or an error in their place.
   *
   * @throws {Error} For bytes that are no message.
   */
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
    // Sent once, in the place where the client expects an error.
    const { told = true, message = "" } = this.#cut ?? {};
    if (!told && (this.idle || type === MessageType.error)) {
      this.#cut = { told: true, message };
      out.insert(errorResponse({ severity: "ERROR", code: TOO_MUCH, message, hint: HINT }));
    }
    this.#passing = this.idle || this.#cut === undefined;
    if (this.idle) this.#cut = undefined;
  }

  #count(type: string): void {
    // All types count: code can cause any amount of each.
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

/**
 * Collects the kept parts of a chunk in as few pieces as possible, because rows are many and small.
 */
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

  /** Inserts bytes that are not from the chunk. */
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
