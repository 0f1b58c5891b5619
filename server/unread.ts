import type { HttpBindings } from "@hono/node-server";
import { HttpProblem } from "./problem.ts";

/** Default bound of all answers' bytes that wait in this process for their clients. */
const MAX_BYTES = 268_435_456;
/** Multiple of that bound which may wait in this process and the kernel's buffers together. */
const GIVEN_FACTOR = 4;
/** Bytes that the kernel's buffers of one connection hold at most, as assumed here. */
const MAX_BUFFERED = 8_388_608;
/** Answers below this many bytes are not counted once the kernel has them. */
const SMALL = 65_536;

type Connection = HttpBindings["incoming"]["socket"];

interface Answer {
  readonly outgoing: HttpBindings["outgoing"];
  /** Bytes that have not got to the connection. */
  waiting: () => number;
}

/** One connection's answers to one owner. */
interface Reader {
  readonly underWay: Set<Answer>;
  /** Bytes written to the connection before the first answer that may be unread. */
  readonly before: number;
}

/**
 * Bounds the answers that nobody reads: who asks for large ones and reads none would fill the memory of
 * this process, then the kernel's. Node cannot ask the kernel how much a client has taken. So what a
 * connection was given counts until it closes, or asks again when no answer of its is under way. An owner
 * may have at most as many bytes as it leaves to all others.
 */
export class Unread {
  readonly #limit: number;
  readonly #readers = new Map<string, Map<Connection, Reader>>();
  readonly #owners = new WeakMap<Connection, string>();

  constructor(limit: number = MAX_BYTES) {
    this.#limit = limit;
  }

  /** Throws with 429 for those who have more unread than they may. */
  check(owner: string): void {
    const own = this.#bytesOf(owner);
    if (own.given === 0) return;
    let { held, given } = own;
    for (const each of this.#readers.keys()) {
      const bytes = this.#bytesOf(each);
      held += bytes.held;
      given += bytes.given;
    }
    if (held <= this.#limit && given <= this.#limit * GIVEN_FACTOR) return;
    const message = "Too much of earlier answers is unread; read them, or close their connections";
    throw new HttpProblem(429, "TooManyRequests", "ANSWERS_UNREAD", message, { retryAfter: 1 });
  }

  /**
   * Counts an answer to `owner` from now on. Returns a function that is told how many of its bytes are
   * still kept elsewhere. Without a connection there is nothing to count.
   */
  begin(owner: string, bindings: Partial<HttpBindings>): (waiting: () => number) => void {
    const { outgoing, incoming } = bindings;
    if (outgoing === undefined || incoming === undefined) return () => {};
    const connection = incoming.socket;
    const reader = this.#readerOf(owner, connection);
    const answer: Answer = { outgoing, waiting: () => 0 };
    reader.underWay.add(answer);
    outgoing.once("close", () => {
      reader.underWay.delete(answer);
      const small = connection.bytesWritten - reader.before < SMALL;
      const replaced = this.#owners.get(connection) !== owner;
      if (small || replaced || connection.destroyed) this.#forget(owner, connection);
    });
    return (waiting) => {
      answer.waiting = waiting;
    };
  }

  #readerOf(owner: string, connection: Connection): Reader {
    const previous = this.#owners.get(connection);
    if (previous === undefined) {
      connection.once("close", () => this.#forget(this.#owners.get(connection) ?? "", connection));
    }
    // A proxy in front sends requests of several owners over one connection.
    if (previous !== owner) this.#forget(previous ?? "", connection);
    this.#owners.set(connection, owner);
    const readers = this.#readers.get(owner) ?? new Map<Connection, Reader>();
    this.#readers.set(owner, readers);
    const known = readers.get(connection);
    if (known !== undefined && known.underWay.size > 0) return known;
    const reader = { underWay: new Set<Answer>(), before: connection.bytesWritten };
    readers.set(connection, reader);
    return reader;
  }

  /** Forgets a connection without an answer under way; the bytes of others still count. */
  #forget(owner: string, connection: Connection): void {
    const readers = this.#readers.get(owner);
    const reader = readers?.get(connection);
    if (reader === undefined || (reader.underWay.size > 0 && !connection.destroyed)) return;
    readers?.delete(connection);
    if (readers?.size === 0) this.#readers.delete(owner);
  }

  /** Bytes held by this process, and those with the kernel's buffers added. */
  #bytesOf(owner: string): { held: number; given: number } {
    let held = 0;
    let given = 0;
    for (const [connection, { underWay, before }] of this.#readers.get(owner) ?? []) {
      let own = 0;
      for (const { outgoing, waiting } of underWay) own += outgoing.writableLength + waiting();
      held += own;
      given += own + Math.min(MAX_BUFFERED, connection.bytesWritten - before);
    }
    return { held, given };
  }
}
