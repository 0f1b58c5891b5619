import type { HttpBindings } from "@hono/node-server";
import { HttpProblem } from "../../errors/problem.ts";
import { idleFor } from "../connections/idle-times.ts";
import { keepsUp } from "../connections/stalled-clients.ts";

/** Limit of this process and the kernel's buffers together, as a multiple of the pool's limit. */
const GIVEN_FACTOR = 4;
/**
 * Milliseconds without a request after which a connection is closed for the room of its answers. A
 * client may have read them, which nobody can tell, and keep the connection for long.
 */
const IDLE_MS = 5_000;
/** Assumed most bytes in the kernel's buffers of one connection. */
const MAX_BUFFERED = 8_388_608;

export type ClientConnection = HttpBindings["incoming"]["socket"];

/** One answer: its bytes that have not reached the connection. */
export interface UnreadResponse {
  waiting(): number;
}

/** Answers on one connection to one owner. */
export interface Reader {
  readonly underWay: Set<UnreadResponse>;
  /** Bytes written to the connection before the first answer that may be unread. */
  readonly before: number;
}

interface Unread {
  /** Bytes held by this process. */
  held: number;
  /** Bytes held by this process, and those that the kernel's buffers may hold. */
  given: number;
}

/**
 * Counts the unread answers of owners that share one limit. An owner may have at most as many bytes
 * as it leaves free for all others. While a client keeps up, the kernel's part of its current
 * answer does not count. Otherwise a stream that has been read for an hour would count like one
 * that nobody reads.
 */
export class UnreadPool {
  readonly #limit: number;
  readonly #letsNewIn: boolean;
  readonly #readers = new Map<string, Map<ClientConnection, Reader>>();

  /** Creates a pool. With `letsNewIn`, an owner without unread answers always gets one. */
  constructor(limit: number, letsNewIn: boolean) {
    this.#limit = limit;
    this.#letsNewIn = letsNewIn;
  }

  /**
   * Checks that an owner may have `bytes` more unread. With an `address`, its clients share a part.
   * They may hold at most as much as they leave for the owner's other clients.
   *
   * @throws {HttpProblem} 429 if the owner has too much unread, or would have.
   */
  check(owner: string, bytes: number, address?: string): void {
    if (this.#hasRoom(owner, bytes, address)) return;
    this.#closeIdle();
    if (this.#hasRoom(owner, bytes, address)) return;
    const message = "Too much of earlier answers is unread; read them, or close their connections";
    throw new HttpProblem(429, "TooManyRequests", "ANSWERS_UNREAD", message, { retryAfter: 1 });
  }

  #hasRoom(owner: string, bytes: number, address?: string): boolean {
    const own = this.#bytesOf(owner);
    if (own.given === 0 && this.#letsNewIn) return true;
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
    // One answer is always allowed, whatever its size.
    if (given === 0) return true;
    return held + bytes <= this.#limit && given + bytes <= this.#limit * GIVEN_FACTOR;
  }

  #closeIdle(): void {
    for (const [owner, readers] of this.#readers) {
      for (const connection of readers.keys()) {
        if (idleFor(connection) < IDLE_MS) continue;
        connection.destroy();
        this.forget(owner, connection);
      }
    }
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

  /** Forgets a connection without a current answer. The bytes of other connections still count. */
  forget(owner: string, connection: ClientConnection): void {
    const readers = this.#readers.get(owner);
    const reader = readers?.get(connection);
    if (reader === undefined || (reader.underWay.size > 0 && !connection.destroyed)) return;
    readers?.delete(connection);
    if (readers?.size === 0) this.#readers.delete(owner);
  }

  /** Forgets a closed connection for all owners. */
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
