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
  /** Path of the socket to listen on, in the sandbox's directory. */
  readonly socket: string;
  /** Milliseconds that the execution has left. */
  readonly timeLeft: number;
  readonly reserve: SpareConnections;
  /** Receives the result of each connection: empty on success, else the reason of the failure. */
  readonly audit: (code: string) => void;
}

/**
 * Connects one sandbox to its tenant's database. Listens on a socket that speaks PostgreSQL and
 * asks for no password. Authenticates the connection to the server here, so that untrusted code
 * never holds a credential.
 */
export class DatabaseProxy {
  readonly #options: DatabaseProxyOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #until: number;
  /** The connection for the next session, opened ahead. */
  #next: Promise<ServerConnection> | undefined;
  #session: Session | undefined;
  /** Resolves when the server has finished with the session before. */
  #ended: Promise<void> = Promise.resolve();
  #closed = false;
  /** Number of connections made for this sandbox. */
  #made = 0;

  private constructor(options: DatabaseProxyOptions) {
    this.#options = options;
    this.#until = Date.now() + options.timeLeft;
    this.#server = createServer((client) => void this.#serve(client));
  }

  /** Listens, and begins to connect to the database. Resolves once it listens. */
  static async open(options: DatabaseProxyOptions): Promise<DatabaseProxy> {
    const databaseProxy = new DatabaseProxy(options);
    try {
      await listenForSandbox(databaseProxy.#server, options.socket);
    } catch (error) {
      // It may listen already: setting the socket's mode can fail afterwards.
      databaseProxy.#server.close();
      throw error;
    }
    databaseProxy.#next = databaseProxy.#connect();
    return databaseProxy;
  }

  /** Ends every connection and the statements that the server still runs for it. */
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
    // Nothing listens any more. A file that stays goes with the sandbox's directory.
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
      // One at a time: a second one would be a session besides the first one's transaction.
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

  /**
   * Takes the connection for a client. If the client has gone meanwhile, the next client gets it.
   */
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
      // It may have been cut off since it was made, and no listener would report that.
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

  /** Takes a connection and limits its statements to the time that the execution has left. */
  async #limited(): Promise<ServerConnection> {
    const { reserve, target } = this.#options;
    // Otherwise a client that reconnects often would keep several server processes busy.
    await this.#ended;
    this.#made += 1;
    if (this.#made > MADE_AT_ONCE) await sleep(PAUSE, undefined, { ref: false });
    for (let round = 0; ; round += 1) {
      const serverConnection = await reserve.take(target);
      try {
        await serverConnection.limitStatements(this.#until - Date.now());
        return serverConnection;
      } catch (error) {
        // A connection made ahead may have been cut off since.
        void reserve.end(serverConnection, false);
        if (round > AHEAD_MOST) throw error;
      }
    }
  }
}

/** Most clients at once, including refused ones that stay connected. */
const MOST_CLIENTS = 8;

/** Number of connections made without delay, and milliseconds before each further one. */
const MADE_AT_ONCE = 10;
const PAUSE = 100;

/** Number of connections made ahead that may all turn out to be gone. */
const AHEAD_MOST = 2;

const TOO_MANY: DatabaseFault = {
  code: "53300",
  message: "An execution has one connection to its database at a time",
};

function refuse(client: Socket, fault: DatabaseFault): void {
  if (!client.destroyed) hangUp(client, errorResponse(fault));
}

/** Returns the server's own message if a server has refused, and else the reason of the failure. */
function faultOf(error: unknown): DatabaseFault {
  const code = codeOf(error);
  if (isServers(error)) return { code, message: messageOf(error) };
  const reason = code === "" ? messageOf(error) : code;
  return { code: "08001", message: `The database server cannot be reached: ${reason}` };
}
