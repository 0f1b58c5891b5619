import type { DatabaseTarget } from "../protocol/database-target.ts";
import { roleOf } from "./roles.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Connections kept ready for a target that is used often. */
const AHEAD = 2;
/** A target is used often if it was used twice within this time, which is also how long it is kept ready. */
const RECENT = 30_000;

/** What is ready for one target. */
interface Ready {
  readonly role: string;
  readonly connections: Set<ServerConnection>;
  opening: number;
  expiry: NodeJS.Timeout;
}

export interface ReadyConnectionsOptions {
  readonly connect: (target: DatabaseTarget) => Promise<ServerConnection>;
  /** Ends a connection that nobody takes. */
  readonly end: (connection: ServerConnection) => void;
  /** Told of a target before anything is kept for it. */
  readonly onKept: (target: DatabaseTarget) => void;
  /** Told of a target for which nothing is kept any more. */
  readonly onDropped: (target: DatabaseTarget) => void;
  /** Given what is under way. Never rejects. */
  readonly track: (work: Promise<void>) => void;
}

/** Connections made ahead for the targets that are used often, each taken once. */
export class ReadyConnections {
  readonly #options: ReadyConnectionsOptions;
  readonly #byTarget = new Map<string, Ready>();

  constructor(options: ReadyConnectionsOptions) {
    this.#options = options;
  }

  /** A connection for a target, which is the caller's from now on. */
  take(target: DatabaseTarget): ServerConnection | undefined {
    const { connections } = this.#byTarget.get(JSON.stringify(target)) ?? {};
    const ready = [...(connections ?? [])].find(({ alive }) => alive);
    if (ready !== undefined) connections?.delete(ready);
    return ready;
  }

  /** All of a role, which are the caller's from now on. */
  takeAll(role: string): ServerConnection[] {
    const ofRole = [...this.#byTarget.values()].filter((ready) => ready.role === role);
    return ofRole.flatMap(({ connections }) => {
      const all = [...connections];
      connections.clear();
      return all;
    });
  }

  /** Whether a connection is ready here, so that nobody has it. */
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

  /** Ends all that are ready, and keeps nothing more. */
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
        // What has been handed out is ended by whoever has it.
        if (ready.connections.delete(connection)) end(connection);
      });
    } catch {
      // Whoever needs one hears of it.
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
