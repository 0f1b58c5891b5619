import type { Socket } from "node:net";
import { deadline } from "../base/deadline.ts";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import { adopt, type Backend } from "./backend.ts";
import { cancel, closeOf } from "./cancel.ts";
import { type Login, logIn } from "./login.ts";
import { TERMINATE } from "./postgres-messages.ts";
import type { Find } from "./server-addresses.ts";

/** Milliseconds in which a server closes if it has noticed the client's end. */
const CLOSED_WITHIN = 500;
const APPLICATION = "isolate";

/**
 * Receives the backend of a login that failed after the server had accepted it. The backend may
 * still be at work.
 */
export type OnLost = (backend: Backend) => void;

/** An authenticated connection to a server. `detach()` returns its socket. */
export class ServerConnection {
  readonly backend: Backend;
  /** Parameters that the server has reported: `server_version`, `client_encoding` and others. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #login: Login;
  readonly #target: DatabaseTarget;
  /** True if the server has closed the connection, as it does when its process ends. */
  #left = false;
  /** True if the server has received the message that ends the connection. */
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

  /**
   * Connects to the first host that can be reached.
   *
   * @throws {Error} With the reason of the last host tried.
   */
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

  /** False once the connection's end has been noticed. */
  get alive(): boolean {
    return !this.#login.client.connection.stream.destroyed;
  }

  /**
   * Makes the server end each statement after this many milliseconds. Rejects if the connection is
   * gone.
   */
  async limitStatements(milliseconds: number): Promise<void> {
    await this.#login.client.query(
      `set statement_timeout = ${Math.max(1, Math.ceil(milliseconds))}`,
    );
  }

  /** Returns the socket, paused. Nothing else reads from it or writes to it any more. */
  detach(): Socket {
    const { stream } = this.#login.client.connection;
    stream.removeAllListeners("data").pause();
    return stream;
  }

  /**
   * Asks the server to cancel its statement. Resolves once the request is delivered. Never rejects.
   */
  async cancel(): Promise<void> {
    await cancel(this.#login, this.#target.tls);
  }

  /**
   * Notes that code has sent the final message itself. A second one would make the server reset.
   */
  dismissed(): void {
    this.#dismissed = true;
  }

  /**
   * Ends the connection and the statement on it. `busy` means that a statement may be running.
   * Resolves with false if the server may continue all the same. Never rejects.
   */
  async end(busy: boolean): Promise<boolean> {
    const { stream } = this.#login.client.connection;
    if (busy) await this.cancel();
    stream.resume();
    // Not closed from here: a load balancer would confirm a close itself, whatever the server does.
    if (stream.writable && !this.#dismissed) stream.write(TERMINATE);
    const closes = deadline(this.closed, CLOSED_WITHIN, "The server's goodbye");
    await closes.catch(() => {});
    stream.destroy();
    // During a statement, a load balancer may have closed it while the process goes on.
    return this.#left && !busy;
  }
}
