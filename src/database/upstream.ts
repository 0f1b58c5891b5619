import type { Socket } from "node:net";
import pg from "pg";
import { deadline } from "../engines/deadline.ts";
import { adopt, type Backend } from "./backend.ts";
import { type KeyedClient, type Login, logIn } from "./login.ts";
import type { DatabaseTarget, DatabaseTls } from "./target.ts";
import { tlsOptions } from "./tls.ts";

/** A server that closes within this time has understood that the client is gone. */
const CLOSED_WITHIN = 500;
const APPLICATION = "isolate";

/** A connection before anybody has logged in on it; the package's types leave this out. */
interface RawConnection extends pg.Connection {
  readonly stream: Socket;
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

/** An authenticated connection to a server, whose socket can be had. */
export class Upstream {
  readonly backend: Backend;
  /** What the server has said of itself: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #client: KeyedClient;
  readonly #target: DatabaseTarget;
  /** Whether the server itself has closed it, which it does when its process ends. */
  #left = false;

  private constructor({ client, parameters }: Login, target: DatabaseTarget, backend: Backend) {
    const { stream } = client.connection;
    this.#client = client;
    this.#target = target;
    this.backend = backend;
    this.parameters = parameters;
    this.closed = closeOf(stream);
    stream.once("end", () => {
      this.#left = true;
    });
  }

  /** Connects to the first host that can be reached; rejects with the last one's reason. */
  static async connect(target: DatabaseTarget): Promise<Upstream> {
    const login = await logIn(target, APPLICATION);
    const { client, host, parameters } = login;
    try {
      const backend = await adopt(client, parameters.get("server_version") ?? "");
      return new Upstream(login, target, { host, user: target.user, ...backend });
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
  }

  /** Whether it is still there, as far as that has been heard. */
  get alive(): boolean {
    return !this.#client.connection.stream.destroyed;
  }

  /** Has the server end each statement after this many milliseconds. Rejects if it is gone. */
  async limitStatements(milliseconds: number): Promise<void> {
    await this.#client.query(`set statement_timeout = ${Math.max(1, Math.ceil(milliseconds))}`);
  }

  /** The socket, which nobody else reads from or writes to any more; it is paused. */
  detach(): Socket {
    const { stream } = this.#client.connection;
    stream.removeAllListeners("data").pause();
    return stream;
  }

  /** Has the server cancel what it is doing; resolves once it has been told. Never rejects. */
  async cancel(): Promise<void> {
    const { processID, secretKey } = this.#client;
    const { host } = this.backend;
    const ssl = tlsOptions(this.#target.tls);
    const connection = new pg.Connection({ ssl } as pg.ConnectionConfig) as RawConnection;
    const { stream } = connection;
    const say = (): void => connection.cancel(processID, secretKey);
    connection.on("connect", () => (this.#tls ? connection.requestSsl() : say()));
    connection.on("sslconnect", say);
    connection.on("error", () => stream.destroy());
    const told = closeOf(stream);
    const timer = setTimeout(() => stream.destroy(), CLOSED_WITHIN);
    connection.connect(host.port, host.host);
    await told;
    clearTimeout(timer);
  }

  /**
   * Ends the connection, and what the server still does on it: `busy` says that it may be doing
   * something. False if the server may go on all the same. Never rejects.
   */
  async end(busy: boolean): Promise<boolean> {
    const { stream } = this.#client.connection;
    if (busy) await this.cancel();
    stream.resume();
    stream.end(TERMINATE);
    const closes = deadline(this.closed, CLOSED_WITHIN, "The server's goodbye");
    await closes.catch(() => {});
    stream.destroy();
    return this.#left;
  }

  get #tls(): DatabaseTls | undefined {
    // With "prefer" it may not have come to that.
    return "encrypted" in this.#client.connection.stream ? this.#target.tls : undefined;
  }
}

/** The message a client says goodbye with. */
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
}
