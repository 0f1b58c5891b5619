/**
 * Tests leftovers at a gate: dead connections, refused clients, and sockets of killed processes.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DatabaseProxy } from "../../src/database/database-proxy.ts";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { until } from "../contract/engine-contract.ts";
import { DatabaseStage } from "../helpers/database-stage.ts";

const stage = new DatabaseStage();
const { newRole, newReserve, begun } = stage;
beforeAll(() => stage.start());
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const STARTUP = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]);

describe("a gate", () => {
  it("forgets a connection that was cut off before anybody had it", async () => {
    const { url, user, sessions } = await newRole();
    const { reserve } = newReserve("cut");
    const notes = () => readdir(join(stage.directory, "cut")).catch(() => []);
    const { databaseProxy, sql } = await begun(url, reserve);
    await until(async () => (await notes()).length === 1 && (await sessions()) === 2);
    await sleep(50);
    await stage.server.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where usename = '${user}' and application_name = 'isolate'`);
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    await until(async () => (await notes()).length === 1);
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
    await until(async () => (await notes()).length === 0);
  });

  it("cuts a refused client off that goes on sending", async () => {
    const { url } = await newRole();
    const { databaseProxy, sql, port } = await begun(url, newReserve().reserve);
    await sql`select 1`;
    const path = join(stage.directory, `.s.PGSQL.${port}`);
    const client = connect({ path, allowHalfOpen: true }, () => client.write(STARTUP));
    client.on("error", () => {});
    const closed = new Promise<boolean>((resolve) => client.once("close", () => resolve(true)));
    await new Promise((resolve) => client.once("data", resolve));
    client.resume();
    const chunk = Buffer.alloc(65_536);
    const pump = (): void => {
      while (client.writable && client.write(chunk));
    };
    client.on("drain", pump);
    pump();
    expect(await Promise.race([closed, sleep(3_000, false)])).toBe(true);
    expect(client.bytesWritten).toBeLessThan(8_000_000);
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
  });

  it("passes no more bytes on of what code notifies itself of than of rows", async () => {
    const { url } = await newRole();
    const { databaseProxy, sql, port } = await begun(url, newReserve().reserve);
    const client = new pg.Client({ host: stage.directory, port, user: "x", database: "x" });
    client.on("error", () => {});
    await client.connect();
    let heard = 0;
    client.on("notification", ({ payload = "" }) => {
      heard += payload.length;
    });
    await client.query("listen x");
    const notify = `do $$ begin for i in 1..300 loop
      perform pg_notify('x', i || repeat('a', 7900)); end loop; end $$`;
    await expect(client.query(notify)).rejects.toMatchObject({ code: "54000" });
    expect(heard).toBeLessThan(100_000);
    await client.end();
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
  });

  it("listens where a process that was killed has left its socket", async () => {
    const socket = join(stage.directory, "database.sock");
    const listen = `require("net").createServer().listen(${JSON.stringify(socket)},
      () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", listen]);
    expect(existsSync(socket)).toBe(true);
    const { url } = await newRole();
    const databaseProxy = await DatabaseProxy.open({
      socket,
      target: parseDatabaseUrl(url),
      limits: { rows: 1, bytes: 1_024 },
      timeLeft: 5_000,
      reserve: newReserve().reserve,
      audit: () => {},
    });
    await databaseProxy.close();
    expect(existsSync(socket)).toBe(false);
  });
});
