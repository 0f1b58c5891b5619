import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../base/errors.ts";
import { hangUp } from "../base/hang-up.ts";
import { listenForSandbox } from "../base/sockets.ts";
import type { DatabaseGrant } from "../protocol/database-target.ts";
import { codeOf, isServers } from "./login.ts";
import { type DatabaseFault, errorResponse, greeting } from "./postgres-messages.ts";
import type { ServerConnection } from "./server-connection.ts";
import { Session } from "./session.ts";
import type { SpareConnections } from "./spare-connections.ts";
import { readStartup } from "./startup.ts";

export interface DatabaseProxyOptions extends DatabaseGrant {
  /** Path of the socket to listen on, in the slot's directory. */
  readonly socket: string;
  /** Milliseconds the execution has left. */
  readonly timeLeft: number;
  readonly reserve: SpareConnections;
  /** Told of each connection: empty for one that was made, else why there is none. */
  readonly audit: (code: string) => void;
}

/**
 * The way from one sandbox to its tenant's database: a socket that speaks PostgreSQL and asks for
 * no password. The connection behind it is authenticated here, so that no credential is ever
 * where untrusted code is.
 */
export class DatabaseProxy {
  readonly #options: DatabaseProxyOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #until: number;
  /** The connection that the next session gets; made ahead of it. */
  #next: Promise<ServerConnection> | undefined;
  #session: Session | undefined;
  /** Resolves when the server is done with the session before. */
  #ended: Promise<void> = Promise.resolve();
  #closed = false;
  /** Connections that have been made for it. */
  #made = 0;

  private constructor(options: DatabaseProxyOptions) {
    this.#options = options;
    this.#until = Date.now() + options.timeLeft;
    this.#server = createServer((client) => void this.#serve(client));
  }

  /** Resolves once it listens; the connection to the database is then on its way. */
  static async open(options: DatabaseProxyOptions): Promise<DatabaseProxy> {
    const databaseProxy = new DatabaseProxy(options);
    try {
      await listenForSandbox(databaseProxy.#server, options.socket);
    } catch (error) {
      // It may listen already, where its socket's mode could not be set.
      databaseProxy.#server.close();
      throw error;
    }
    databaseProxy.#next = databaseProxy.#connect();
    return databaseProxy;
  }

  /** Ends every connection, and what the server still does for it. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.destroy();
    const { reserve, socket, target } = this.#options;
    this.#session?.end();
    void this.#next
      ?.then((serverConnection) => reserve.end(serverConnection, false))
      .catch(() => {});
    await closed;
    // Nobody listens any more: a file that cannot be removed goes with the slot's directory.
    try {
      rmSync(socket, { force: true });
    } catch {}
    reserve.refill(target);
  }

  async #serve(client: Socket): Promise<void> {
    client.on("error", () => client.destroy());
    if (this.#clients.size >= MOST_CLIENTS) {
      client.destroy();
      return;
    }
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    try {
      if (!(await readStartup(client))) {
        client.destroy();
        return;
      }
      // One at a time: the second of two would be a second session beside a transaction.
      if (this.#clients.size > 1) return refuse(client, TOO_MANY);
      const serverConnection = await this.#take(client);
      if (serverConnection === undefined) return;
      client.write(greeting(serverConnection.parameters));
      this.#session = new Session(client, serverConnection, this.#options.limits, (busy) => {
        this.#session = undefined;
        this.#ended = this.#options.reserve.end(serverConnection, busy);
      });
    } catch (error) {
      refuse(client, faultOf(error));
    }
  }

  /** The connection for a client; if that has gone meanwhile, it is the next one's. */
  async #take(client: Socket): Promise<ServerConnection | undefined> {
    for (;;) {
      this.#next ??= this.#connect();
      const next = this.#next;
      const serverConnection = await next.catch((error: unknown) => {
        if (this.#next === next) this.#next = undefined;
        throw error;
      });
      if (this.#closed || client.destroyed) return undefined;
      this.#next = undefined;
      // It may have been cut off since it was made, and nobody would hear of that any more.
      if (serverConnection.alive) return serverConnection;
      void this.#options.reserve.end(serverConnection, false);
    }
  }

  #connect(): Promise<ServerConnection> {
    const connected = this.#limited();
    connected.then(
      () => this.#options.audit(""),
      (error: unknown) => this.#options.audit(codeOf(error) || messageOf(error)),
    );
    return connected;
  }

  /** A connection whose statements end before the execution does. */
  async #limited(): Promise<ServerConnection> {
    const { reserve, target } = this.#options;
    // Else a client that leaves and comes back would be at work on the server many times at once.
    await this.#ended;
    this.#made += 1;
    if (this.#made > MADE_AT_ONCE) await sleep(PAUSE, undefined, { ref: false });
    for (let round = 0; ; round += 1) {
      const serverConnection = await reserve.take(target);
      try {
        await serverConnection.limitStatements(this.#until - Date.now());
        return serverConnection;
      } catch (error) {
        // One that was made ahead may have been cut off since.
        void reserve.end(serverConnection, false);
        if (round > AHEAD_MOST) throw error;
      }
    }
  }
}

/** Clients there may be at once, those that are refused and do not leave included. */
const MOST_CLIENTS = 8;

/** Connections an execution gets as fast as it asks, and milliseconds before each further one. */
const MADE_AT_ONCE = 10;
const PAUSE = 100;

/** Connections made ahead that may all turn out to be gone. */
const AHEAD_MOST = 2;

const TOO_MANY: DatabaseFault = {
  code: "53300",
  message: "An execution has one connection to its database at a time",
};

function refuse(client: Socket, fault: DatabaseFault): void {
  if (!client.destroyed) hangUp(client, errorResponse(fault));
}

/** The server's own words, where it was one that said no. */
function faultOf(error: unknown): DatabaseFault {
  const code = codeOf(error);
  if (isServers(error)) return { code, message: messageOf(error) };
  const reason = code === "" ? messageOf(error) : code;
  return { code: "08001", message: `The database server cannot be reached: ${reason}` };
}
