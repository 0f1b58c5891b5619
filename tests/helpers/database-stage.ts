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

/** Takes back what would have the server notice that nobody is there. */
export const UNWATCHED = "set client_connection_check_interval = 0; set application_name = 'mine';";
/** Work that goes on after it was cancelled. */
export const loop = (work: string): string => `do $$ begin loop begin ${work};
  exception when query_canceled then null; end; end loop; end $$`;
export const STUBBORN = `${UNWATCHED} ${loop("perform pg_sleep(60)")}`;

/** A server, and executions that use it as roles of their own. */
export class DatabaseStage {
  server!: Postgres;
  directory = "";
  /** What is to be closed after a test, the last one first. */
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

  /** A role of the test's own, whose URL this is, and how many of its statements run. */
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

  /** A gate, a client of it, and the port at which it is for clients that are told the directory. */
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

  /** An execution that does this, and is over as soon as the server is at it. */
  readonly executed = async (
    url: string,
    reserve: SpareConnections,
    statement: string,
    first = "select 1",
  ): Promise<void> => {
    const { databaseProxy, sql } = await this.begun(url, reserve);
    // By itself, or it would be undone with the statement that never ends.
    await sql.unsafe(first);
    void sql.unsafe(statement).catch(() => {});
    const role = new URL(url).username;
    const active = `select 1 from pg_stat_activity where usename = '${role}' and state = 'active'`;
    const before = (await this.server.query(active)).length;
    await until(async () => (await this.server.query(active)).length > before || before > 0);
    await databaseProxy.close();
    await sql.end({ timeout: 0 });
  };

  /** What an execution is answered that asks for next to nothing. */
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
