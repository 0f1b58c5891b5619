import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import { type Backend, nameOf, SERVER, textOf } from "./backend.ts";
import { type KeyedClient, logInTo } from "./login.ts";
import type { ServerAddress } from "./server-addresses.ts";

const APPLICATION = "isolate-control";
/** Milliseconds in which a backend has to end after the request. */
const GONE_WITHIN = 2_000;
const LOOK_EVERY = 50;
const CLOSED_WITHIN = 500;

/**
 * Undoes the settings a role may have made for itself, so that nothing it made is looked up later.
 * Resets the role first: another default role would not see its own sessions.
 */
const SETTLE = `set role none; set search_path = pg_catalog, pg_temp; set client_min_messages = error;
  set statement_timeout = 0; set lock_timeout = 0; set default_transaction_read_only = off`;
/** Timeouts that would end an idle or slow session → first version of PostgreSQL that has them. */
const TIMEOUTS = [
  ["idle_session_timeout", 14],
  ["transaction_timeout", 17],
] as const;

/**
 * Returns the state of each backend and terminates those that are still there. A missing row means
 * gone. A session that may not be inspected is `hidden`: it may be any process. A process of
 * another role, or of none, has reused the id.
 */
export const TERMINATE: string = `select s.pid, s.start, s.state,
    case when s.state operator(pg_catalog.=) 'there' then pg_catalog.pg_terminate_backend(s.pid) end
  from (
    select p.pid, p.start, case
        when a.pid is null or a.usename is null then 'gone'
        when a.usename operator(pg_catalog.<>) session_user then 'gone'
        when a.backend_start is null then 'hidden'
        when p.start operator(pg_catalog.=) '' then 'there'
        when ${textOf("a.backend_start")} operator(pg_catalog.=) p.start then 'there'
        else 'gone' end as state
    from rows from (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.text[]))
      as p(pid, start)
    left join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) p.pid
  ) s`;

/**
 * A connection of a role for control only: no code uses it. It is opened before the code's
 * connection and kept. So a changed password, or a used-up limit of connections, cannot prevent the
 * end of the code's sessions.
 */
export class Control {
  /** Start of its server. */
  readonly server: string;
  readonly #client: KeyedClient;
  readonly #renew: () => void;
  /** The last query. One client answers in order, so each query waits for the one before. */
  #asked: Promise<unknown> = Promise.resolve();
  readonly #closing: Promise<void>;
  #closed = false;

  private constructor(client: KeyedClient, renew: () => void, server: string) {
    this.#client = client;
    this.#renew = renew;
    this.server = server;
    this.#closing = new Promise((resolve) => {
      client.connection.stream.once("close", () => {
        this.#closed = true;
        resolve();
      });
    });
  }

  /**
   * Opens a control connection.
   *
   * @throws {Error} As a login does.
   */
  static async open(place: ServerAddress, target: DatabaseTarget): Promise<Control> {
    const { client, parameters, renew } = await logInTo(place, target, {
      application: APPLICATION,
    });
    const version = Number.parseInt(parameters.get("server_version") ?? "", 10);
    const timeouts = TIMEOUTS.filter(([, since]) => version >= since);
    try {
      await client.query([SETTLE, ...timeouts.map(([name]) => `set ${name} = 0`)].join("; "));
      const { rows } = await client.query(`select ${SERVER} as server`);
      return new Control(client, renew, String(rows[0]?.server));
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
  }

  get alive(): boolean {
    return !this.#closed && !this.#client.connection.stream.destroyed;
  }

  /** Terminates backends. Resolves with those that are still there after 2 s. */
  async terminate(backends: readonly Backend[]): Promise<Backend[]> {
    const pids = backends.map(({ pid }) => pid);
    const starts = backends.map(({ start }) => start);
    for (const end = performance.now() + GONE_WITHIN; ; await sleep(LOOK_EVERY)) {
      const asked = this.#asked.then(() => this.#query(TERMINATE, [pids, starts]));
      this.#asked = asked.catch(() => {});
      const { rows } = await asked;
      const gone = new Set(rows.filter(({ state }) => state === "gone").map(nameOf));
      const left = backends.filter((backend) => !gone.has(nameOf(backend)));
      if (left.length === 0 || performance.now() > end) return left;
    }
  }

  /** Sends a query with a new bound on the answer: the server may belong to the tenant. */
  #query(text: string, values: unknown[]): Promise<pg.QueryResult> {
    this.#renew();
    return this.#client.query(text, values);
  }

  /** Closes the connection. Resolves once the server has closed it, or after 500 ms. */
  async close(): Promise<void> {
    const { stream } = this.#client.connection;
    stream.once("error", () => {});
    void this.#client.end().catch(() => {});
    await Promise.race([this.#closing, sleep(CLOSED_WITHIN)]);
    stream.destroy();
  }
}
