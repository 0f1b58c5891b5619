import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { deadline } from "../engines/deadline.ts";
import type { DatabaseHost, DatabaseTarget, DatabaseTls } from "./target.ts";
import { tlsOptions } from "./tls.ts";

const CONNECT_WITHIN = 5_000;
/** A server that closes within this time has understood that the client is gone. */
const CLOSED_WITHIN = 500;
/** Milliseconds before each attempt to have it ended by another connection. */
const TERMINATE_AFTER = [0, 1_000, 5_000];
const NO_TLS = "The server does not support SSL connections";
const APPLICATION = "isolate";
/** SQLSTATE classes of a server that is there and says no: another host would not help. */
const REFUSED = /^(28|3D)/;

/** A connection before anybody has logged in on it; the package's types leave this out. */
interface RawConnection extends pg.Connection {
  readonly stream: Socket;
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

interface KeyedClient extends pg.Client {
  readonly connection: pg.Connection & { readonly stream: Socket };
  readonly processID: number;
  readonly secretKey: number;
}

/** An authenticated connection to a server, whose socket can be had. */
export class Upstream {
  readonly host: DatabaseHost;
  /** What the server has said of itself: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #client: KeyedClient;
  readonly #target: DatabaseTarget;

  private constructor(
    client: KeyedClient,
    host: DatabaseHost,
    target: DatabaseTarget,
    parameters: ReadonlyMap<string, string>,
  ) {
    this.#client = client;
    this.#target = target;
    this.host = host;
    this.parameters = parameters;
    this.closed = closeOf(client.connection.stream);
  }

  /** Connects to the first host that can be reached; rejects with the last one's reason. */
  static async connect(target: DatabaseTarget): Promise<Upstream> {
    let last: unknown;
    for (const host of target.hosts) {
      try {
        return await Upstream.#connectTo(host, target);
      } catch (error) {
        last = error;
        if (REFUSED.test(codeOf(error))) break;
      }
    }
    throw last;
  }

  static async #connectTo(host: DatabaseHost, target: DatabaseTarget): Promise<Upstream> {
    const { tls } = target;
    try {
      return await Upstream.#open(host, target, tls);
    } catch (error) {
      const inTheClear = tls?.mode === "prefer" && String(error).includes(NO_TLS);
      if (!inTheClear) throw error;
      return Upstream.#open(host, target, undefined);
    }
  }

  static async #open(
    host: DatabaseHost,
    target: DatabaseTarget,
    tls: DatabaseTls | undefined,
  ): Promise<Upstream> {
    const client = new pg.Client({
      ...host,
      user: target.user,
      // As a function: an empty one would be looked for in the process's environment.
      password: () => target.password,
      database: target.database,
      application_name: APPLICATION,
      connectionTimeoutMillis: CONNECT_WITHIN,
      // For what is asked here; clients' statements have a limit in the server.
      query_timeout: CONNECT_WITHIN,
      ssl: tlsOptions(tls),
      ...(target.options !== undefined && { options: target.options }),
    }) as KeyedClient;
    // The socket's close says enough.
    client.on("error", () => {});
    const parameters = new Map<string, string>();
    client.connection.on("parameterStatus", ({ parameterName, parameterValue }) => {
      parameters.set(parameterName, parameterValue);
    });
    await client.connect();
    return new Upstream(client, host, target, parameters);
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
    const ssl = tlsOptions(this.#tls);
    const connection = new pg.Connection({ ssl } as pg.ConnectionConfig) as RawConnection;
    const { stream } = connection;
    const say = (): void => connection.cancel(processID, secretKey);
    connection.on("connect", () => (this.#tls ? connection.requestSsl() : say()));
    connection.on("sslconnect", say);
    connection.on("error", () => stream.destroy());
    const told = closeOf(stream);
    const timer = setTimeout(() => stream.destroy(), CLOSED_WITHIN);
    connection.connect(this.host.port, this.host.host);
    await told;
    clearTimeout(timer);
  }

  /**
   * Ends the connection, and what the server still does on it: `busy` says that it may be doing
   * something. A server that goes on is told by another connection to end this one. Never rejects.
   */
  async end(busy: boolean): Promise<void> {
    const { stream } = this.#client.connection;
    if (busy) await this.cancel();
    stream.resume();
    stream.end(TERMINATE);
    const closes = deadline(this.closed, CLOSED_WITHIN, "The server's goodbye");
    const isGone = await closes.then(
      () => true,
      () => false,
    );
    if (isGone) return;
    stream.destroy();
    for (const pause of TERMINATE_AFTER) {
      await sleep(pause);
      if (await this.#terminate()) return;
    }
  }

  get #tls(): DatabaseTls | undefined {
    // With "prefer" it may not have come to that.
    return "encrypted" in this.#client.connection.stream ? this.#target.tls : undefined;
  }

  /** False if the server lets nobody else in, for now or for good. */
  async #terminate(): Promise<boolean> {
    try {
      // What was taken for idle may not have been; and this asks for no login.
      await this.cancel();
      const other = await Upstream.#open(this.host, this.#target, this.#tls);
      await other.#client.query("select pg_terminate_backend($1)", [this.#client.processID]);
      await other.#client.end();
      return true;
    } catch {
      return false;
    }
  }
}

/** The message a client says goodbye with. */
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** SQLSTATE, or the system's code, of a failed connection; empty if there is none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}
