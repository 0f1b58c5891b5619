/** Statements that refuse to end with their execution. Seen with PostgreSQL 15 and pg 8.16. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DatabaseGate } from "../../src/database/gate.ts";
import { Reserve } from "../../src/database/reserve.ts";
import { parseDatabaseUrl } from "../../src/database/target.ts";
import { until } from "../contract/engine-contract.ts";
import { Postgres } from "../helpers/postgres.ts";

/** Takes back what would have the server notice that nobody is there. */
const UNWATCHED = "set client_connection_check_interval = 0; set application_name = 'mine';";
const loop = (work: string): string => `do $$ begin loop begin ${work};
  exception when query_canceled then null; end; end loop; end $$`;
const STUBBORN = `${UNWATCHED} ${loop("perform pg_sleep(60)")}`;
const ALONE = `${UNWATCHED} ${loop(`perform pg_stat_clear_snapshot();
  perform pg_terminate_backend(pid) from pg_stat_activity
  where usename = current_user and pid <> pg_backend_pid()`)}`;

let server: Postgres;
let directory: string;
const open: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  server = await Postgres.start();
  directory = await mkdtemp(join(tmpdir(), "survivors-"));
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

let count = 0;
/** A role of the test's own, whose URL this is. */
async function newRole(options = "") {
  count += 1;
  const user = `role${count}`;
  await server.query(`create role ${user} login password '${server.password}' ${options}`);
  const busy = async (): Promise<number> => {
    const sql = `select pid from pg_stat_activity where usename = '${user}' and state = 'active'`;
    return (await server.query(sql)).length;
  };
  return { user, url: server.url("", { user }), busy };
}

function newReserve(name?: string) {
  const told: string[] = [];
  const reserve = new Reserve({
    ...(name !== undefined && { directory: join(directory, name) }),
    onSurvivor: (_backend, state) => told.push(state),
  });
  open.push(() => reserve.close());
  return { reserve, told };
}

/** An execution that does this, and is over as soon as the server is at it. */
async function executed(
  url: string,
  reserve: Reserve,
  statement: string,
  first = "select 1",
): Promise<void> {
  const { gate, sql } = await begun(url, reserve);
  // By itself, or it would be undone with the statement that never ends.
  await sql.unsafe(first);
  void sql.unsafe(statement).catch(() => {});
  const role = new URL(url).username;
  const active = `select 1 from pg_stat_activity where usename = '${role}' and state = 'active'`;
  const before = (await server.query(active)).length;
  await until(async () => (await server.query(active)).length > before || before > 0);
  await gate.close();
  await sql.end({ timeout: 0 });
}

async function begun(url: string, reserve: Reserve) {
  count += 1;
  const socket = join(directory, `${count}.sock`);
  const gate = await DatabaseGate.open({
    socket,
    target: parseDatabaseUrl(url),
    limits: { rows: 1_000, bytes: 100_000 },
    timeLeft: 20_000,
    reserve,
    audit: () => {},
  });
  const sql = postgres({ path: socket, user: "x", database: "x", max: 1, fetch_types: false });
  return { gate, sql };
}

/** What an execution is answered that asks for next to nothing. */
async function answerOf(url: string, reserve: Reserve): Promise<string> {
  const { gate, sql } = await begun(url, reserve);
  try {
    return await sql`select 1`.then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
  } finally {
    await sql.end({ timeout: 0 });
    await gate.close();
  }
}

describe("a statement that refuses to end", () => {
  it("is ended though it has changed the password before", async () => {
    const { user, url, busy } = await newRole();
    const { reserve, told } = newReserve();
    await executed(url, reserve, STUBBORN, `alter role ${user} password 'other'`);
    await until(async () => (await busy()) === 0);
    expect(told).toEqual([]);
  });

  it("is ended though others like it have used up the connections", async () => {
    const { url, busy } = await newRole("connection limit 5");
    const { reserve, told } = newReserve();
    const all = await Promise.all([1, 2, 3, 4].map(() => begun(url, reserve)));
    for (const { sql } of all) void sql.unsafe(STUBBORN).catch(() => {});
    await until(async () => (await busy()) === 4);
    await Promise.all(all.map(({ gate }) => gate.close()));
    await until(async () => (await busy()) === 0);
    expect(told).toEqual([]);
    await Promise.all(all.map(({ sql }) => sql.end({ timeout: 0 })));
  });

  it("is known, and nobody of its role gets in until it is ended", async () => {
    const { user, url, busy } = await newRole("connection limit 1");
    const { reserve, told } = newReserve();
    await executed(url, reserve, STUBBORN);
    await until(async () => told.length > 0);
    expect([told, reserve.survivors, await busy()]).toEqual([["running"], 1, 1]);
    expect(await answerOf(url, reserve)).toBe("55006");
    const other = await newRole();
    expect(await answerOf(other.url, reserve)).toBe("ok");
    await server.query(`alter role ${user} connection limit 2`);
    await until(async () => (await answerOf(url, reserve)) === "ok");
    await until(async () => (await busy()) === 0);
    expect([told, reserve.survivors]).toEqual([["running", "ended"], 0]);
  });

  it("is tried to be ended again without anybody asking for it", async () => {
    const { user, url, busy } = await newRole("connection limit 1");
    const { reserve, told } = newReserve();
    await executed(url, reserve, STUBBORN);
    await until(async () => told.length > 0);
    await server.query(`alter role ${user} connection limit 2`);
    await until(async () => (await busy()) === 0);
    await until(async () => told.at(-1) === "ended");
  });

  it("is known though it ends every connection of its role but its own", async () => {
    const { user, url, busy } = await newRole();
    const { reserve, told } = newReserve();
    await executed(url, reserve, ALONE, `alter role ${user} password 'other'`);
    await until(async () => told.length > 0);
    expect([await busy(), await answerOf(url, reserve)]).toEqual([1, "55006"]);
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where usename = '${user}'; alter role ${user} password '${server.password}'`);
    await until(async () => (await answerOf(url, reserve)) === "ok");
    expect(told).toEqual(["running", "ended"]);
  });

  it("does not have another session ended that got the number of its own", async () => {
    const { url, busy } = await newRole();
    const { reserve } = newReserve();
    const { gate, sql } = await begun(url, reserve);
    const [{ pid }] = (await sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    const { Control } = await import("../../src/database/control.ts");
    const target = parseDatabaseUrl(url);
    const control = await Control.open(target.hosts[0] as { host: string; port: number }, target);
    const host = target.hosts[0] as { host: string; port: number };
    const earlier = { host, user: target.user, pid, start: "1700000000000000" };
    expect(await control.terminate([earlier])).toEqual([]);
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    expect(await busy()).toBe(0);
    control.close();
    await sql.end({ timeout: 0 });
    await gate.close();
  });

  it("cannot hide behind what its role looks up first", async () => {
    const { user, url, busy } = await newRole();
    await server.query(`create schema trap authorization ${user}`);
    const { reserve, told } = newReserve();
    const trap = `create function trap.pg_terminate_backend(int) returns bool language sql as 'select true';
      create function trap.pg_backend_pid() returns int language sql as 'select 1';
      create view trap.pg_stat_activity as select 1 as pid where false;
      alter role ${user} set search_path = trap, pg_catalog; alter role ${user} set statement_timeout = 1;`;
    await executed(url, reserve, STUBBORN, trap);
    await until(async () => (await busy()) === 0);
    await executed(url, newReserve().reserve, STUBBORN);
    await until(async () => (await busy()) === 0);
    expect(told).toEqual([]);
  });
});

describe("a process that is killed in the middle of a statement", () => {
  /** A process with a gate, whose code does this; killed once the server is at it. */
  async function killedAt(statement: string, name: string) {
    const { url, busy } = await newRole();
    const child: ChildProcess = spawn(
      process.execPath,
      ["--import", "tsx", "tests/helpers/gate-process.ts", url, join(directory, name), statement],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    open.push(async () => child.kill("SIGKILL"));
    await until(async () => (await busy()) === 1);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    return { url, busy };
  }

  it("has the server end it by itself", async () => {
    const { busy } = await killedAt(loop("perform pg_sleep(60)"), "watched");
    await until(async () => (await busy()) === 0);
  });

  it("has the next process end it before anybody of its role gets in", async () => {
    const { url, busy } = await killedAt(STUBBORN, "unwatched");
    const { reserve, told } = newReserve("unwatched");
    await until(async () => told.length > 0);
    expect([await busy(), reserve.survivors]).toEqual([1, told.length]);
    expect(await answerOf(url, reserve)).toBe("ok");
    await until(async () => (await busy()) === 0);
    expect([told.at(-1), reserve.survivors]).toEqual(["ended", 0]);
  });
});
