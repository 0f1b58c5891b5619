import type { Socket } from "node:net";
import { deadline } from "../base/deadline.ts";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import { adopt, type Backend } from "./backend.ts";
import { cancel, closeOf } from "./cancel.ts";
import { type Login, logIn } from "./login.ts";
import { TERMINATE } from "./postgres-messages.ts";
import type { Find } from "./server-addresses.ts";

/** A server that closes within this time has understood that the client is gone. */
const CLOSED_WITHIN = 500;
const APPLICATION = "isolate";

/** Told of a login that failed though the server had let it in: it may be at work for it. */
export type OnLost = (backend: Backend) => void;

/** An authenticated connection to a server, whose socket can be had. */
export class ServerConnection {
  readonly backend: Backend;
  /** What the server has said of itself: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #login: Login;
  readonly #target: DatabaseTarget;
  /** Whether the server itself has closed it, which it does when its process ends. */
  #left = false;
  /** Whether the server has been told goodbye. */
  #dismissed = false;

  private constructor(login: Login, target: DatabaseTarget, backend: Backend) {
    const { stream } = login.client.connection;
    this.#login = login;
    this.#target = target;
    this.backend = backend;
    this.parameters = login.parameters;
    this.closed = closeOf(stream);
    stream.once("end", () => {
      this.#left = true;
    });
  }

  /** Connects to the first host that can be reached; rejects with the last one's reason. */
  static async connect(
    target: DatabaseTarget,
    find: Find,
    onLost: OnLost,
  ): Promise<ServerConnection> {
    const { user } = target;
    const lose = (lost: Login): void => {
      const { client, place } = lost;
      void cancel(lost, target.tls);
      client.connection.stream.destroy();
      onLost({ ...place, user, pid: client.processID, start: "", server: "" });
    };
    const login = await logIn(target, { application: APPLICATION, find, onLost: lose });
    const { client, place, parameters } = login;
    try {
      const backend = await adopt(client, parameters.get("server_version") ?? "");
      return new ServerConnection(login, target, { ...place, user, ...backend });
    } catch (error) {
      lose(login);
      throw error;
    }
  }

  /** Whether it is still there, as far as that has been heard. */
  get alive(): boolean {
    return !this.#login.client.connection.stream.destroyed;
  }

  /** Has the server end each statement after this many milliseconds. Rejects if it is gone. */
  async limitStatements(milliseconds: number): Promise<void> {
    await this.#login.client.query(
      `set statement_timeout = ${Math.max(1, Math.ceil(milliseconds))}`,
    );
  }

  /** The socket, which nobody else reads from or writes to any more; it is paused. */
  detach(): Socket {
    const { stream } = this.#login.client.connection;
    stream.removeAllListeners("data").pause();
    return stream;
  }

  /** Has the server cancel what it is doing; resolves once it has been told. Never rejects. */
  async cancel(): Promise<void> {
    await cancel(this.#login, this.#target.tls);
  }

  /** Notes that code has said goodbye itself: a second one would turn the server's end into a reset. */
  dismissed(): void {
    this.#dismissed = true;
  }

  /**
   * Ends the connection, and what the server still does on it: `busy` says that it may be doing
   * something. False if the server may go on all the same. Never rejects.
   */
  async end(busy: boolean): Promise<boolean> {
    const { stream } = this.#login.client.connection;
    if (busy) await this.cancel();
    stream.resume();
    // Not closed from here: a balancer in between would answer that itself, whatever the server does.
    if (stream.writable && !this.#dismissed) stream.write(TERMINATE);
    const closes = deadline(this.closed, CLOSED_WITHIN, "The server's goodbye");
    await closes.catch(() => {});
    stream.destroy();
    // In the middle of something it may be a balancer that has closed it, and no end of the process.
    return this.#left && !busy;
  }
}
