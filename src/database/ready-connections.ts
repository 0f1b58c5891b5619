import type { DatabaseTarget } from "../protocol/database-target.ts";
import { roleOf } from "./roles.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Number of connections kept for a target that is used often. */
const AHEAD = 2;
/** Most milliseconds between two uses of a target for which connections are kept. */
const RECENT = 30_000;

/** The connections made ahead for one target. */
interface Ready {
  readonly role: string;
  readonly connections: Set<ServerConnection>;
  opening: number;
  expiry: NodeJS.Timeout;
}

export interface ReadyConnectionsOptions {
  readonly connect: (target: DatabaseTarget) => Promise<ServerConnection>;
  /** Ends a connection that no execution took. */
  readonly end: (connection: ServerConnection) => void;
  /** Receives a target before connections are kept for it. */
  readonly onKept: (target: DatabaseTarget) => void;
  /** Receives a target once no more connections are kept for it. */
  readonly onDropped: (target: DatabaseTarget) => void;
  /** Receives work that is under way and never rejects. */
  readonly track: (work: Promise<void>) => void;
}

/** Connections made ahead for the targets that are used often, each taken once. */
export class ReadyConnections {
  readonly #options: ReadyConnectionsOptions;
  readonly #byTarget = new Map<string, Ready>();

  constructor(options: ReadyConnectionsOptions) {
    this.#options = options;
  }

  /** Removes and returns a connection for a target. */
  take(target: DatabaseTarget): ServerConnection | undefined {
    const { connections } = this.#byTarget.get(JSON.stringify(target)) ?? {};
    const ready = [...(connections ?? [])].find(({ alive }) => alive);
    if (ready !== undefined) connections?.delete(ready);
    return ready;
  }

  /** Removes and returns all connections of a role. */
  takeAll(role: string): ServerConnection[] {
    const ofRole = [...this.#byTarget.values()].filter((ready) => ready.role === role);
    return ofRole.flatMap(({ connections }) => {
      const all = [...connections];
      connections.clear();
      return all;
    });
  }

  /** Tells whether a connection is still here, and so in no use. */
  has(connection: ServerConnection): boolean {
    return [...this.#byTarget.values()].some(({ connections }) => connections.has(connection));
  }

  /** Notes that a target has been used. Makes connections ahead if that happens often and `mayFill`. */
  note(target: DatabaseTarget, mayFill: boolean): void {
    const key = JSON.stringify(target);
    const ready = this.#byTarget.get(key);
    const expiry = setTimeout(() => this.#drop(key, target), RECENT).unref();
    if (ready === undefined) {
      this.#options.onKept(target);
      const role = roleOf(target);
      this.#byTarget.set(key, { role, connections: new Set(), opening: 0, expiry });
      return;
    }
    clearTimeout(ready.expiry);
    ready.expiry = expiry;
    if (!mayFill) return;
    while (ready.connections.size + ready.opening < AHEAD) {
      this.#options.track(this.#open(ready, target));
    }
  }

  /** Ends all connections, and keeps no more. */
  close(): void {
    for (const { expiry, connections } of this.#byTarget.values()) {
      clearTimeout(expiry);
      for (const connection of connections) this.#options.end(connection);
    }
    this.#byTarget.clear();
  }

  async #open(ready: Ready, target: DatabaseTarget): Promise<void> {
    const { connect, end } = this.#options;
    ready.opening += 1;
    try {
      const connection = await connect(target);
      const isWanted = this.#byTarget.get(JSON.stringify(target)) === ready;
      if (!isWanted) {
        end(connection);
        return;
      }
      ready.connections.add(connection);
      void connection.closed.then(() => {
        // The execution that took a connection ends it.
        if (ready.connections.delete(connection)) end(connection);
      });
    } catch {
      // The next `take()` gets the error.
    } finally {
      ready.opening -= 1;
    }
  }

  #drop(key: string, target: DatabaseTarget): void {
    const ready = this.#byTarget.get(key);
    if (ready === undefined) return;
    clearTimeout(ready.expiry);
    this.#byTarget.delete(key);
    for (const connection of ready.connections) this.#options.end(connection);
    this.#options.onDropped(target);
  }
}
