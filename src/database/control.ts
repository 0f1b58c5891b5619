import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { DatabaseTarget } from "../protocol/database-target.ts";
import { type Backend, nameOf, SERVER, textOf } from "./backend.ts";
import { type KeyedClient, logInTo } from "./login.ts";
import type { ServerAddress } from "./server-addresses.ts";

const APPLICATION = "isolate-control";
/** Milliseconds a backend gets to end once it has been told to. */
const GONE_WITHIN = 2_000;
const LOOK_EVERY = 50;
const CLOSED_WITHIN = 500;

/**
 * Takes back what a role may have set for itself; nothing it has made is looked up after that. As
 * another role, which it may have as its default, it would not see its own sessions.
 */
const SETTLE = `set role none; set search_path = pg_catalog, pg_temp; set client_min_messages = error;
  set statement_timeout = 0; set lock_timeout = 0; set default_transaction_read_only = off`;
/** Settings that end an idle or slow session, and the first version of PostgreSQL that has them. */
const TIMEOUTS = [
  ["idle_session_timeout", 14],
  ["transaction_timeout", 17],
] as const;

/**
 * Says of each backend whether it is gone, and has those ended that are not. No row of the server's
 * is no proof: a session that may not be looked into is `hidden`, whatever is behind it. A number
 * that another role's process has, or one without a role, belongs to somebody else by now.
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
 * A connection of a role that no code has a part in. It is opened before the code's and kept, so that
 * a changed password or a used-up limit of connections does not keep anybody from ending those.
 */
export class Control {
  /** When its server started. */
  readonly server: string;
  readonly #client: KeyedClient;
  readonly #renew: () => void;
  /** Queries of one client are answered in their order, so that one wait would hold up another. */
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

  /** Rejects as a login does. */
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

  /** Has backends ended, and resolves with those that are still there after a while. */
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

  /** Asks a server that may be its tenant's own: what it says of itself is little, and its answer bounded. */
  #query(text: string, values: unknown[]): Promise<pg.QueryResult> {
    this.#renew();
    return this.#client.query(text, values);
  }

  /** Resolves once the server has closed it, or does not answer. */
  async close(): Promise<void> {
    const { stream } = this.#client.connection;
    stream.once("error", () => {});
    void this.#client.end().catch(() => {});
    await Promise.race([this.#closing, sleep(CLOSED_WITHIN)]);
    stream.destroy();
  }
}
