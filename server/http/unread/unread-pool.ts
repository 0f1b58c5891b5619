import type { HttpBindings } from "@hono/node-server";
import { HttpProblem } from "../../errors/problem.ts";
import { keepsUp } from "../connections/stalled-clients.ts";

/** Multiple of a pool's bound which may wait in this process and the kernel's buffers together. */
const GIVEN_FACTOR = 4;
/** Bytes that the kernel's buffers of one connection hold at most, as assumed here. */
const MAX_BUFFERED = 8_388_608;

export type ClientConnection = HttpBindings["incoming"]["socket"];

/** What there is of one answer: bytes that have not got to the connection. */
export interface UnreadResponse {
  waiting(): number;
}

/** One connection's answers to one owner. */
export interface Reader {
  readonly underWay: Set<UnreadResponse>;
  /** Bytes written to the connection before the first answer that may be unread. */
  readonly before: number;
}

interface Unread {
  /** Bytes held by this process. */
  held: number;
  /** Those, and what the kernel's buffers may hold. */
  given: number;
}

/**
 * Counts the unread answers of owners that share one bound. One has at most as much as it leaves to all others. What
 * the kernel may hold of an answer under way does not count while its client keeps up: a stream that has been read
 * for an hour would take the room of one that nobody reads.
 */
export class UnreadPool {
  readonly #limit: number;
  readonly #letsNewIn: boolean;
  readonly #readers = new Map<string, Map<ClientConnection, Reader>>();

  /** `letsNewIn` is whether owners without anything unread get an answer whatever others have. */
  constructor(limit: number, letsNewIn: boolean) {
    this.#limit = limit;
    this.#letsNewIn = letsNewIn;
  }

  /**
   * Throws with 429 if an owner has more unread than it may, or has with as many `bytes` more. With an `address`, what
   * clients of that one have of the owner's is at most what they leave to its others, too.
   */
  check(owner: string, bytes: number, address?: string): void {
    const own = this.#bytesOf(owner);
    if (own.given === 0 && this.#letsNewIn) return;
    let { held, given } = own;
    if (address !== undefined) {
      const share = this.#bytesOf(owner, address);
      held += share.held;
      given += share.given;
    }
    for (const each of this.#readers.keys()) {
      const theirs = this.#bytesOf(each);
      held += theirs.held;
      given += theirs.given;
    }
    // One is always let in, however large it may be.
    if (given === 0) return;
    if (held + bytes <= this.#limit && given + bytes <= this.#limit * GIVEN_FACTOR) return;
    const message = "Too much of earlier answers is unread; read them, or close their connections";
    throw new HttpProblem(429, "TooManyRequests", "ANSWERS_UNREAD", message, { retryAfter: 1 });
  }

  readerOf(owner: string, connection: ClientConnection): Reader {
    const readers = this.#readers.get(owner) ?? new Map<ClientConnection, Reader>();
    this.#readers.set(owner, readers);
    const known = readers.get(connection);
    if (known !== undefined && known.underWay.size > 0) return known;
    const reader = { underWay: new Set<UnreadResponse>(), before: connection.bytesWritten };
    readers.set(connection, reader);
    return reader;
  }

  /** Forgets a connection without an answer under way; the bytes of others still count. */
  forget(owner: string, connection: ClientConnection): void {
    const readers = this.#readers.get(owner);
    const reader = readers?.get(connection);
    if (reader === undefined || (reader.underWay.size > 0 && !connection.destroyed)) return;
    readers?.delete(connection);
    if (readers?.size === 0) this.#readers.delete(owner);
  }

  /** Forgets a connection that is over, whoever had answers on it. */
  forgetAll(connection: ClientConnection): void {
    for (const owner of this.#readers.keys()) this.forget(owner, connection);
  }

  #bytesOf(owner: string, address?: string): Unread {
    let held = 0;
    let given = 0;
    for (const [connection, { underWay, before }] of this.#readers.get(owner) ?? []) {
      if (address !== undefined && connection.remoteAddress !== address) continue;
      let own = 0;
      for (const answer of underWay) own += answer.waiting();
      held += own;
      given += own;
      if (underWay.size > 0 && keepsUp(connection)) continue;
      given += Math.min(MAX_BUFFERED, connection.bytesWritten - before);
    }
    return { held, given };
  }
}
