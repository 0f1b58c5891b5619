import { setTimeout as sleep } from "node:timers/promises";
import { type Backend, nameOf, START } from "./backend.ts";
import { type KeyedClient, logInTo } from "./login.ts";
import type { DatabaseHost, DatabaseTarget } from "./target.ts";

const APPLICATION = "isolate-control";
/** Milliseconds a backend gets to end once it has been told to. */
const GONE_WITHIN = 2_000;
const LOOK_EVERY = 50;
const CLOSED_WITHIN = 500;

/** Nothing that a role may have made or set for itself is looked up by these. */
const SETTLE = `set search_path = pg_catalog; set statement_timeout = 0;
  set idle_session_timeout = 0; set default_transaction_read_only = off`;
const SETTLE_BEFORE_14 = SETTLE.replace("set idle_session_timeout = 0;", "");
const TERMINATE = `select a.pid::text || '/' || ${START} as name, pg_catalog.pg_terminate_backend(a.pid)
  from pg_catalog.pg_stat_activity a
  where a.pid = any($1::int[]) and (a.pid::text || '/' || ${START}) = any($2::text[])`;

/**
 * A connection of a role that no code has a part in. It is opened before the code's and kept, so that
 * a changed password or a used-up limit of connections does not keep anybody from ending those.
 */
export class Control {
  readonly #client: KeyedClient;
  /** Queries of one client are answered in their order, so that one wait would hold up another. */
  #asked: Promise<unknown> = Promise.resolve();
  readonly #closing: Promise<void>;
  #closed = false;

  private constructor(client: KeyedClient) {
    this.#client = client;
    this.#closing = new Promise((resolve) => {
      client.connection.stream.once("close", () => {
        this.#closed = true;
        resolve();
      });
    });
  }

  /** Rejects as a login does. */
  static async open(host: DatabaseHost, target: DatabaseTarget): Promise<Control> {
    const { client, parameters } = await logInTo(host, target, APPLICATION);
    const isOld = Number.parseInt(parameters.get("server_version") ?? "", 10) < 14;
    try {
      await client.query(isOld ? SETTLE_BEFORE_14 : SETTLE);
      return new Control(client);
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
    const names = backends.map(nameOf);
    for (const end = performance.now() + GONE_WITHIN; ; await sleep(LOOK_EVERY)) {
      const asked = this.#asked.then(() => this.#client.query(TERMINATE, [pids, names]));
      this.#asked = asked.catch(() => {});
      const { rows } = await asked;
      const left = new Set(rows.map(({ name }) => name));
      if (left.size === 0 || performance.now() > end) {
        return backends.filter((backend) => left.has(nameOf(backend)));
      }
    }
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
