import type { HttpBindings } from "@hono/node-server";
import { type ClientConnection, UnreadPool } from "./unread-pool.ts";

/** Default bound of all answers' bytes that wait in this process for clients with a key. */
const MAX_BYTES = 268_435_456;
/** Part of that which may wait for clients without one, beside it; as much again of functions' answers. */
const ANONYMOUS_SHARE = 0.5;
/** Answers below this many bytes are not counted once the kernel has them. */
const SMALL = 65_536;

/**
 * Whose an answer is: a tenant's, by its id, or somebody's without a key, by the peer's address. An answer of an HTTP
 * function to the latter is its tenant's, with the `address`: behind a proxy, all have the same one.
 */
export interface ResponseOwner {
  readonly name: string;
  readonly isAnonymous: boolean;
  readonly address?: string | undefined;
}

/** Of one answer, what its connection does not know. */
export interface Counting {
  /** Tells how many of its bytes are still kept elsewhere. */
  readonly onWaiting: (waiting: () => number) => void;
  /** Makes room for a body of that many bytes, before it is written. Throws with 429 if there is none. */
  readonly reserve: (bytes: number) => void;
}

/**
 * Bounds the answers that nobody reads: who asks for large ones and reads none would fill the memory of
 * this process, then the kernel's. Node cannot ask the kernel how much a client has taken. So what a
 * connection was given counts until it closes, or asks again when no answer of its is under way. Clients
 * without a key have a bound of their own, which holds for all of them: there is no end to addresses. Answers of
 * functions to them have another one, shared by tenants, so that nobody who reads pages keeps out their callers.
 */
export class UnreadResponses {
  readonly #keyed: UnreadPool;
  readonly #anonymous: UnreadPool;
  readonly #functions: UnreadPool;
  readonly #owners = new WeakMap<ClientConnection, ResponseOwner>();

  constructor(limit: number = MAX_BYTES) {
    this.#keyed = new UnreadPool(limit, true);
    this.#anonymous = new UnreadPool(limit * ANONYMOUS_SHARE, false);
    this.#functions = new UnreadPool(limit * ANONYMOUS_SHARE, true);
  }

  /** Throws with 429 for those who have more unread than they may, or would have with `bytes` more. */
  check(owner: ResponseOwner, bytes = 0): void {
    this.#poolOf(owner).check(owner.name, bytes, owner.address);
  }

  /** Counts an answer to `owner` from now on. Without a connection there is nothing to count. */
  begin(owner: ResponseOwner, { outgoing, incoming }: Partial<HttpBindings>): Counting {
    let elsewhere = (): number => 0;
    let reserved = 0;
    const counting: Counting = {
      onWaiting: (waiting) => {
        elsewhere = waiting;
      },
      reserve: (bytes) => {
        this.check(owner, bytes);
        reserved = bytes;
      },
    };
    if (outgoing === undefined || incoming === undefined) return counting;
    const connection = incoming.socket;
    // Whoever has gone since takes nothing, and would be counted for ever: nothing tells of an end that has been.
    if (connection.destroyed || outgoing.closed) return counting;
    const pool = this.#poolOf(owner);
    this.#hand(connection, owner);
    const reader = pool.readerOf(owner.name, connection);
    const waiting = (): number =>
      elsewhere() + (outgoing.headersSent ? outgoing.writableLength : reserved);
    const answer = { waiting };
    reader.underWay.add(answer);
    outgoing.once("close", () => {
      reader.underWay.delete(answer);
      const small = connection.bytesWritten - reader.before < SMALL;
      const replaced = !isSame(this.#owners.get(connection), owner);
      if (small || replaced || connection.destroyed) pool.forget(owner.name, connection);
    });
    return counting;
  }

  /** Has a connection be an owner's. A proxy in front sends requests of several owners over one. */
  #hand(connection: ClientConnection, owner: ResponseOwner): void {
    const previous = this.#owners.get(connection);
    this.#owners.set(connection, owner);
    if (previous === undefined) {
      // Node closes none of the answers that wait behind another one.
      connection.once("close", () => {
        this.#keyed.forgetAll(connection);
        this.#anonymous.forgetAll(connection);
        this.#functions.forgetAll(connection);
      });
    } else if (!isSame(previous, owner)) {
      this.#poolOf(previous).forget(previous.name, connection);
    }
  }

  #poolOf({ isAnonymous, address }: ResponseOwner): UnreadPool {
    if (!isAnonymous) return this.#keyed;
    return address === undefined ? this.#anonymous : this.#functions;
  }
}

function isSame(one: ResponseOwner | undefined, other: ResponseOwner): boolean {
  return (
    one?.name === other.name &&
    one.isAnonymous === other.isAnonymous &&
    one.address === other.address
  );
}
