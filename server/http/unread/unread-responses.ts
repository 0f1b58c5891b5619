import type { HttpBindings } from "@hono/node-server";
import { type ClientConnection, UnreadPool } from "./unread-pool.ts";

/** Default limit for the bytes of all answers that wait in this process for clients with a key. */
const MAX_BYTES = 268_435_456;
/**
 * Additional part of that for clients without a key, and again for answers of functions to them.
 */
const ANONYMOUS_SHARE = 0.5;
/** Answers below this many bytes do not count once the kernel has them. */
const SMALL = 65_536;

/**
 * Owner of an answer: a tenant, by its id, or a client without a key, by its address. An answer of
 * an HTTP function to a client without a key belongs to the tenant, and has the `address`. Behind a
 * proxy, all clients have the same address.
 */
export interface ResponseOwner {
  readonly name: string;
  readonly isAnonymous: boolean;
  readonly address?: string | undefined;
}

/** Information about one answer that its connection does not have. */
export interface Counting {
  /** Sets a function that returns how many of its bytes are still kept elsewhere. */
  readonly onWaiting: (waiting: () => number) => void;
  /**
   * Reserves room for a body of that many bytes, before it is written.
   *
   * @throws {HttpProblem} 429 if there is no room.
   */
  readonly reserve: (bytes: number) => void;
}

/**
 * Limits answers that are not read. A client that requests large answers and reads none would fill
 * this process's memory, then the kernel's. Node cannot ask the kernel how much a client has read.
 * So all bytes given to a connection count until it closes. They also stop counting when it sends a
 * request while no answer is under way.
 *
 * Clients without a key share one limit, because one client can have many addresses. Answers of
 * functions to them have another limit, which tenants share. So readers of public pages cannot
 * block the callers of functions.
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

  /**
   * Checks that an owner may have `bytes` more unread.
   *
   * @throws {HttpProblem} 429 if the owner has too much unread, or would have.
   */
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
    // A closed connection emits no further event, so its answer would count forever.
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

  /**
   * Assigns a connection to an owner. A proxy sends requests of several owners over one connection.
   */
  #hand(connection: ClientConnection, owner: ResponseOwner): void {
    const previous = this.#owners.get(connection);
    this.#owners.set(connection, owner);
    if (previous === undefined) {
      // Node does not close answers that wait behind another one, so the connection's end is used.
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
