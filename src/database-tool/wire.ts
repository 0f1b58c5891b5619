import type { Socket } from "node:net";
import postgres from "postgres";
import { tlsOptions } from "../database/tls.ts";
import type { DatabaseToolConfig } from "../protocol/database.ts";
import type { DatabaseHost } from "../protocol/database-target.ts";
import { ARRAYS } from "./arrays.ts";
import { DatabaseError, toDatabaseError } from "./database-error.ts";
import { meter } from "./result-limits.ts";
import { dial, type SocketTarget } from "./socket.ts";

export interface Result extends Array<object> {
  readonly command: string;
}

/**
 * Owns the only connection. Opens it for the first query, and again for the next one after a loss.
 */
export class Wire {
  #sql: postgres.Sql;
  readonly #config: DatabaseToolConfig;
  #socket: Socket | undefined;
  /** Statements under way. */
  #running = 0;
  #closed = false;
  #ended = false;

  constructor(config: DatabaseToolConfig) {
    this.#config = config;
    const { connection } = config;
    const options = {
      max: 1,
      prepare: false,
      fetch_types: false,
      types: ARRAYS,
      connect_timeout: 10,
      max_lifetime: null,
      keep_alive: null,
      backoff: false,
      onnotice: () => {},
      socket: (place: SocketTarget): Socket => {
        this.#socket = dial(place);
        if (this.#running === 0) this.#socket.unref();
        if (this.#closed) this.#socket.destroy();
        return this.#socket;
      },
    };
    this.#sql = postgres({ ...options, ...placeOf(connection) });
  }

  get options(): postgres.Sql["options"] {
    return this.#sql.options;
  }

  /** The present connection's socket; `undefined` after its end. Transactions compare it. */
  get connection(): Socket | undefined {
    return this.#socket?.destroyed ? undefined : this.#socket;
  }

  /**
   * Runs one statement; two in one text are an error. The rows are objects, or arrays of values.
   * The next call must wait until this one has settled. Otherwise the driver takes its own error
   * for one of the query before.
   *
   * @throws {DatabaseError} If the statement fails or its result exceeds a limit.
   */
  async run(text: string, parameters: readonly unknown[], values = false): Promise<Result> {
    this.#running += 1;
    this.connection?.ref();
    try {
      this.#renew();
      if (text.includes("\0")) throw new DatabaseError("A query cannot hold NUL", "22021");
      // The types lack this option. By default, a text without parameters may hold many statements.
      const options = { simple: false } as object;
      const query = this.#sql.unsafe(text, parameters.map(toWire) as never[], options);
      if (values) void query.values();
      const count = meter(this.#config);
      const rows: object[] = [];
      const result = (await query.forEach((row) => {
        count(row);
        rows.push(row);
      })) as unknown as Result;
      for (const row of rows) result.push(row);
      return result;
    } catch (thrown) {
      throw toDatabaseError(thrown);
    } finally {
      this.#running -= 1;
      // An idle connection is no work, so a function that returned nothing does not wait for it.
      if (this.#running === 0) this.connection?.unref();
    }
  }

  /** Ends the connection for good. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#sql.end();
  }

  /** Makes a new driver after a lost connection: the old one would report its last error again. */
  #renew(): void {
    if (this.#ended || !this.#socket?.destroyed) return;
    this.#socket = undefined;
    this.#sql = postgres(this.#sql.options as object);
  }

  /** Drops the connection at once. Uncommitted changes are lost. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  /** Undoes `close()` and `end()`. The next statement opens a connection. */
  reopen(): void {
    this.#closed = false;
    this.#ended = false;
    this.#socket = undefined;
    this.#sql = postgres(this.#sql.options as object);
  }
}

/** Makes the driver's options of address and user. The proxy's socket needs fixed names only. */
function placeOf(connection: DatabaseToolConfig["connection"]): object {
  if ("socket" in connection) {
    return { path: connection.socket, user: "isolate", database: "isolate" };
  }
  const { hosts, user, password, database, options, tls } = connection.target;
  const [first] = hosts as readonly [DatabaseHost];
  return {
    // Lists, because the driver would split an IPv6 address.
    host: [first.host],
    port: [first.port],
    user,
    password,
    database,
    // The driver omits `host` for an IP address and would then check the certificate for localhost.
    ssl: tls?.mode === "prefer" ? "prefer" : tls && { ...tlsOptions(tls), host: first.host },
    connection: { application_name: "isolate", ...(options && { options }) },
  };
}

/**
 * Converts dates to text. Drizzle passes them on as objects, which the driver cannot send unless a
 * column gives a type.
 */
function toWire(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value;
}
