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

/** The one connection, made for the first query, and anew for the next after it was lost. */
export class Wire {
  #sql: postgres.Sql;
  readonly #config: DatabaseToolConfig;
  #socket: Socket | undefined;
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
        if (this.#closed) this.#socket.destroy();
        return this.#socket;
      },
    };
    this.#sql = postgres({ ...options, ...placeOf(connection) });
  }

  get options(): postgres.Sql["options"] {
    return this.#sql.options;
  }

  /** Which connection it is, as long as it is that one: what a transaction holds on to. */
  get connection(): Socket | undefined {
    return this.#socket?.destroyed ? undefined : this.#socket;
  }

  /**
   * Runs one statement; two in one text are an error. The rows are objects, or arrays of values.
   * Rejects with a `DatabaseError`. To be called again when it has settled: the driver takes an
   * error of its own for that of the query before.
   */
  async run(text: string, parameters: readonly unknown[], values = false): Promise<Result> {
    try {
      this.#renew();
      if (text.includes("\0")) throw new DatabaseError("A query cannot hold NUL", "22021");
      // The types do not know the option: by default, a text without parameters may hold many.
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
    }
  }

  /** Ends the connection, for good. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#sql.end();
  }

  /** After a lost connection, the driver would take that one's last error for the next one's first. */
  #renew(): void {
    if (this.#ended || !this.#socket?.destroyed) return;
    this.#socket = undefined;
    this.#sql = postgres(this.#sql.options as object);
  }

  /** Drops the connection at once: what is not committed never was. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  /** Undoes `close()` and `end()`: the next statement makes a connection. */
  reopen(): void {
    this.#closed = false;
    this.#ended = false;
    this.#socket = undefined;
    this.#sql = postgres(this.#sql.options as object);
  }
}

/** Where the driver goes, and as whom; behind a socket that has been settled. */
function placeOf(connection: DatabaseToolConfig["connection"]): object {
  if ("socket" in connection) {
    return { path: connection.socket, user: "isolate", database: "isolate" };
  }
  const { hosts, user, password, database, options, tls } = connection.target;
  const [first] = hosts as readonly [DatabaseHost];
  return {
    // Lists, since the driver would take an IPv6 address apart.
    host: [first.host],
    port: [first.port],
    user,
    password,
    database,
    // The driver leaves out an address, for which the certificate would have to be localhost's.
    ssl: tls?.mode === "prefer" ? "prefer" : tls && { ...tlsOptions(tls), host: first.host },
    connection: { application_name: "isolate", ...(options && { options }) },
  };
}

/** Drizzle has the driver send dates as they are, which it cannot where no column says what they are. */
function toWire(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value;
}
