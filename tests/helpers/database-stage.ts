import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { Postgres } from "../../dev/postgres.ts";
import type { Backend } from "../../src/database/backend.ts";
import { DatabaseProxy } from "../../src/database/database-proxy.ts";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { SpareConnections } from "../../src/database/spare-connections.ts";
import { until } from "../contract/engine-contract.ts";

/** Undoes the settings by which the server detects that its client has gone. */
export const UNWATCHED = "set client_connection_check_interval = 0; set application_name = 'mine';";
/** Makes a statement that continues after its cancellation. */
export const loop = (work: string): string => `do $$ begin loop begin ${work};
  exception when query_canceled then null; end; end loop; end $$`;
export const STUBBORN = `${UNWATCHED} ${loop("perform pg_sleep(60)")}`;

/** A server, and executions that use it under roles of their own. */
export class DatabaseStage {
  server!: Postgres;
  directory = "";
  /** Steps to close after a test, the last one first. */
  readonly open: (() => Promise<unknown>)[] = [];
  #count = 0;

  async start(): Promise<void> {
    this.server = await Postgres.start();
    this.directory = await mkdtemp(join(tmpdir(), "stage-"));
  }

  async clear(): Promise<void> {
    for (const close of this.open.splice(0).reverse()) await close();
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Makes a role for one test. Returns its URL and a counter of its running statements. */
  readonly newRole = async (options = "") => {
    this.#count += 1;
    const user = `role${this.#count}`;
    await this.server.query(
      `create role ${user} login password '${this.server.password}' ${options}`,
    );
    const sql = `select pid from pg_stat_activity where usename = '${user}'`;
    const busy = async (): Promise<number> =>
      (await this.server.query(`${sql} and state = 'active'`)).length;
    const sessions = async (): Promise<number> => (await this.server.query(sql)).length;
    return { user, url: this.server.url("", { user }), busy, sessions };
  };

  readonly newReserve = (name?: string) => {
    const told: string[] = [];
    const survivors: Backend[] = [];
    const reserve = new SpareConnections({
      ...(name !== undefined && { directory: join(this.directory, name) }),
      onSurvivor: (backend, state) => {
        told.push(state);
        survivors.push(backend);
      },
    });
    this.open.push(() => reserve.close());
    return { reserve, told, survivors };
  };

  /**
   * Opens a proxy and a client of it. Also returns its port, for clients that connect by directory
   * and port.
   */
  readonly begun = async (url: string, reserve: SpareConnections) => {
    this.#count += 1;
    const socket = join(this.directory, `.s.PGSQL.${this.#count}`);
    const databaseProxy = await DatabaseProxy.open({
      socket,
      target: parseDatabaseUrl(url),
      limits: { rows: 1_000, bytes: 100_000 },
      timeLeft: 20_000,
      reserve,
      audit: () => {},
    });
    const sql = postgres({ path: socket, user: "x", database: "x", max: 1, fetch_types: false });
    return { databaseProxy, sql, port: this.#count };
  };

  /** Runs an execution that ends as soon as the server works on its statement. */
  readonly executed = async (
    url: string,
    reserve: SpareConnections,
    statement: string,
    first = "select 1",
  ): Promise<void> => {
    const { databaseProxy, sql } = await this.begun(url, reserve);
    // Sent alone, because the endless statement would roll it back.
    await sql.unsafe(first);
    void sql.unsafe(statement).catch(() => {});
    const role = new URL(url).username;
    const active = `select 1 from pg_stat_activity where usename = '${role}' and state = 'active'`;
    const before = (await this.server.query(active)).length;
    await until(async () => (await this.server.query(active)).length > before || before > 0);
    await databaseProxy.close();
    await sql.end({ timeout: 0 });
  };

  /** Returns the result of an execution with a trivial query. */
  readonly answerOf = async (url: string, reserve: SpareConnections): Promise<string> => {
    const { databaseProxy, sql } = await this.begun(url, reserve);
    try {
      return await sql`select 1`.then(
        () => "ok",
        (error: { code: string }) => error.code,
      );
    } finally {
      await sql.end({ timeout: 0 });
      await databaseProxy.close();
    }
  };
}
