import type { Socket } from "node:net";

/** Connections of code at a time, of all runs: what the memory of the proxy's container is sized for. */
const MAX_CONNECTIONS = 1_024;

/** One connection's share of the budget, for as long as any of its sockets is open. */
export class ConnectionShare {
  readonly #count: (by: 1 | -1) => void;
  #sockets = 0;

  constructor(count: (by: 1 | -1) => void) {
    this.#count = count;
  }

  /** Holds the place until the socket has closed: one that outlives the other holds buffers, too. */
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
 * Bounds the connections of all runs together. What a run may have at a time is bounded by its own
 * limits; the sum over many would be the end of the process, and of every other tenant's connections.
 */
export class ConnectionBudget {
  readonly #open: Shares;
  /** Those that are only told that there is no room for them. */
  readonly #refused: Shares;

  constructor(limit = MAX_CONNECTIONS) {
    this.#open = new Shares(limit);
    this.#refused = new Shares(limit);
  }

  /** A place for a client, or nothing. No owner gets more than they leave for all others. */
  enter(owner: string, client: Socket): ConnectionShare | undefined {
    return this.#open.take(owner, client);
  }

  /** Whether there is room for telling a client that there is none. */
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
