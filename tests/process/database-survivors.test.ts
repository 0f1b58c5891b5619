/**
 * Tests statements that refuse to end with their execution. Seen with PostgreSQL 15 and pg 8.16.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { until } from "../contract/engine-contract.ts";
import { DatabaseStage, loop, STUBBORN, UNWATCHED } from "../helpers/database-stage.ts";

const ALONE = `${UNWATCHED} ${loop(`perform pg_stat_clear_snapshot();
  perform pg_terminate_backend(pid) from pg_stat_activity
  where usename = current_user and pid <> pg_backend_pid()`)}`;

const stage = new DatabaseStage();
const { newRole, newReserve, begun, executed, answerOf, open } = stage;
beforeAll(() => stage.start());
afterEach(() => stage.clear());
afterAll(() => stage.stop());

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
    await Promise.all(all.map(({ databaseProxy }) => databaseProxy.close()));
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
    await stage.server.query(`alter role ${user} connection limit 2`);
    await until(async () => (await answerOf(url, reserve)) === "ok");
    await until(async () => (await busy()) === 0);
    expect([told, reserve.survivors]).toEqual([["running", "ended"], 0]);
  });

  it("is tried to be ended again without anybody asking for it", async () => {
    const { user, url, busy } = await newRole("connection limit 1");
    const { reserve, told } = newReserve();
    await executed(url, reserve, STUBBORN);
    await until(async () => told.length > 0);
    await stage.server.query(`alter role ${user} connection limit 2`);
    await until(async () => (await busy()) === 0);
    await until(async () => told.at(-1) === "ended");
  });

  it("is known though it ends every connection of its role but its own", async () => {
    const { user, url, busy } = await newRole();
    const { reserve, told } = newReserve();
    await executed(url, reserve, ALONE, `alter role ${user} password 'other'`);
    await until(async () => told.length > 0);
    expect([await busy(), await answerOf(url, reserve)]).toEqual([1, "55006"]);
    await stage.server.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where usename = '${user}'; alter role ${user} password '${stage.server.password}'`);
    await until(async () => (await answerOf(url, reserve)) === "ok");
    expect(told).toEqual(["running", "ended"]);
  });

  it("does not have another session ended that got the number of its own", async () => {
    const { url, busy } = await newRole();
    const { reserve } = newReserve();
    const { databaseProxy, sql } = await begun(url, reserve);
    const [{ pid }] = (await sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    const { Control } = await import("../../src/database/control.ts");
    const target = parseDatabaseUrl(url);
    const host = target.hosts[0] as { host: string; port: number };
    const place = { host, address: host.host };
    const control = await Control.open(place, target);
    const earlier = { ...place, user: target.user, pid, start: "0002a3", server: "" };
    expect(await control.terminate([earlier])).toEqual([]);
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    expect(await busy()).toBe(0);
    control.close();
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
  });

  it("cannot hide behind what its role looks up first", async () => {
    const { user, url, busy } = await newRole();
    await stage.server.query(`create schema trap authorization ${user}`);
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
  /** Starts a process with a gate, and kills it once the server runs this statement. */
  async function killedAt(statement: string, name: string) {
    const { url, busy } = await newRole();
    const child: ChildProcess = spawn(
      process.execPath,
      [
        "--import",
        "tsx",
        "tests/helpers/database-proxy-process.ts",
        url,
        join(stage.directory, name),
        statement,
      ],
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
