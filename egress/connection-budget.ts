import type { Socket } from "node:net";

/**
 * Most connections of code at a time, over all runs. The memory of the proxy's container is sized
 * for them.
 */
const MAX_CONNECTIONS = 1_024;

/** One connection's place in the budget. It is taken while any of its sockets is open. */
export class ConnectionShare {
  readonly #count: (by: 1 | -1) => void;
  #sockets = 0;

  constructor(count: (by: 1 | -1) => void) {
    this.#count = count;
  }

  /** Keeps the place until the socket has closed. The later of two sockets still holds buffers. */
  cover(socket: Socket): void {
    if (this.#sockets === 0) this.#count(1);
    this.#sockets += 1;
    socket.once("close", () => {
      this.#sockets -= 1;
      if (this.#sockets === 0) this.#count(-1);
    });
  }
}

/**
 * Bounds the connections of all runs together. Each run has its own limit. Their sum could end the
 * process, and with it the connections of all tenants.
 */
export class ConnectionBudget {
  readonly #open: Shares;
  /** Clients that only wait for the answer that there is no room. */
  readonly #refused: Shares;

  constructor(limit = MAX_CONNECTIONS) {
    this.#open = new Shares(limit);
    this.#refused = new Shares(limit);
  }

  /**
   * Takes a place for a client. Returns `undefined` if there is none. An owner may hold at most as
   * many as it leaves for all others.
   */
  enter(owner: string, client: Socket): ConnectionShare | undefined {
    return this.#open.take(owner, client);
  }

  /**
   * Takes a place for telling a client that there is no room. Returns false if there is none
   * either.
   */
  refuse(owner: string, client: Socket): boolean {
    return this.#refused.take(owner, client) !== undefined;
  }
}

class Shares {
  readonly #limit: number;
  readonly #owners = new Map<string, number>();
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(owner: string, socket: Socket): ConnectionShare | undefined {
    const own = this.#owners.get(owner) ?? 0;
    if (this.#used + 1 + own > this.#limit) return undefined;
    const place = new ConnectionShare((by) => this.#count(owner, by));
    place.cover(socket);
    return place;
  }

  #count(owner: string, by: 1 | -1): void {
    this.#used += by;
    const own = (this.#owners.get(owner) ?? 0) + by;
    if (own === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, own);
  }
}
