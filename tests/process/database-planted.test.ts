/**
 * Tests objects that a role creates to attack its later sessions. Seen with PostgreSQL 15 and pg 8.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Control, TERMINATE } from "../../src/database/control.ts";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { SpareConnections } from "../../src/database/spare-connections.ts";
import type { DatabaseHost } from "../../src/protocol/database-target.ts";
import { until } from "../contract/engine-contract.ts";
import { DatabaseStage, STUBBORN } from "../helpers/database-stage.ts";

const stage = new DatabaseStage();
const { newRole, newReserve, begun, executed, answerOf } = stage;
beforeAll(() => stage.start());
afterEach(() => stage.clear());
afterAll(() => stage.stop());

/** Creates a role with an operator that PostgreSQL prefers to its own, once used at start. */
async function planted(body: string) {
  const role = await newRole();
  await stage.server.query(`create schema ${role.user} authorization ${role.user}`);
  const plant = `create function ${role.user}.mul(numeric, int) returns numeric language plpgsql as $f$
      begin ${body} end $f$;
    create operator ${role.user}.* (leftarg = numeric, rightarg = int, function = ${role.user}.mul);
    alter role ${role.user} set search_path = ${role.user}, pg_catalog`;
  await stage.server.query(`set role ${role.user}; ${plant}`);
  return role;
}

describe("what a role plants", () => {
  it("does not forge the start of a session, which would be taken for gone", async () => {
    const { url, busy } = await planted("return 1;");
    const { reserve, told } = newReserve();
    await executed(url, reserve, STUBBORN);
    await until(async () => (await busy()) === 0);
    expect(told).toEqual([]);
  });

  it("does not run while a session is made ready", async () => {
    const { url, sessions } = await planted(`loop begin perform pg_sleep(60);
      exception when query_canceled then null; end; end loop;`);
    const { reserve } = newReserve();
    expect(await answerOf(url, reserve)).toBe("ok");
    await reserve.close();
    await until(async () => (await sessions()) === 0);
  });

  it("does not hide a session by another role that is taken on by default", async () => {
    const { user, url, busy } = await newRole();
    await stage.server.query(`create role ${user}_readers; grant ${user}_readers to ${user}`);
    const { reserve, told } = newReserve();
    const hide = `alter role ${user} set role = ${user}_readers`;
    const alone = `select pg_terminate_backend(pid) from pg_stat_activity
      where usename = '${user}' and pid <> pg_backend_pid()`;
    await executed(url, reserve, STUBBORN, `${hide}; ${alone}`);
    await until(async () => (await busy()) === 0);
    await executed(url, reserve, STUBBORN);
    await until(async () => (await busy()) === 0);
    expect(told).toEqual([]);
  });

  it("does not fill the memory with what a login has to say", async () => {
    const { user, url, sessions } = await newRole();
    await stage.server.query(`do $$ begin
      execute format('alter role ${user} set default_tablespace = %L', repeat('a', 40000000)); end $$`);
    const target = parseDatabaseUrl(url);
    const reserve = new SpareConnections();
    await expect(reserve.take(target)).rejects.toThrow("sends too much");
    await reserve.close();
    await until(async () => (await sessions()) === 0);
  });
});

describe("a session whose start nobody knows", () => {
  it("is ended by its number, and by that alone while it is the role's", async () => {
    const { url, user } = await newRole();
    const target = parseDatabaseUrl(url);
    const [host] = target.hosts as [DatabaseHost];
    const place = { host, address: host.host };
    const control = await Control.open(place, target);
    const { databaseProxy, sql } = await begun(url, newReserve().reserve);
    const [{ pid }] = (await sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    const admins = await stage.server.query("select pg_backend_pid() as pid from pg_sleep(0)");
    const lost = { ...place, user, start: "", server: "" };
    expect(await control.terminate([{ ...lost, pid: Number(admins[0]?.pid) }])).toEqual([]);
    expect(await control.terminate([{ ...lost, pid }])).toEqual([]);
    const theirs = `select 1 from pg_stat_activity where pid = ${pid} and usename = '${user}'`;
    expect(await stage.server.query(theirs)).toEqual([]);
    await control.close();
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
  });
});

describe("what the server says of a session", () => {
  it("is that it is gone, and not that nothing may be seen of it", async () => {
    const { url, user } = await newRole();
    await stage.server.query(`create role ${user}_others; grant ${user}_others to ${user}`);
    const [own, asking] = [new pg.Client(url), new pg.Client(url)];
    await Promise.all([own.connect(), asking.connect()]);
    const { rows } = await own.query("select pg_backend_pid() as pid");
    const { pid } = rows[0] as { pid: number };
    const stateOf = async (number: number, start: string) => {
      const answer = await asking.query(TERMINATE, [[number], [start]]);
      return answer.rows.map(({ state }) => state);
    };
    expect(await stateOf(2_000_000_000, "00")).toEqual(["gone"]);
    expect(await stateOf(pid, "00")).toEqual(["gone"]);
    await asking.query(`set role ${user}_others`);
    expect(await stateOf(pid, "00")).toEqual(["hidden"]);
    await Promise.all([own.end(), asking.end()]);
  });
});

describe("a database server that is its tenant's own", () => {
  it("cannot fill this process's memory by what it sends the control", async () => {
    const { url } = await newRole();
    const target = parseDatabaseUrl(url);
    const [host] = target.hosts as [DatabaseHost];
    let toControl: Socket | undefined;
    const server = createServer((client) => {
      toControl = client.on("error", () => {});
      client.pipe(connect(stage.server.port, "127.0.0.1").on("error", () => {})).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const place = { host: { ...host, port }, address: "127.0.0.1" };
    const control = await Control.open(place, { ...target, hosts: [place.host] });
    // Sends a notice of a gigabyte; pg keeps everything it receives of it.
    const head = Buffer.alloc(5);
    head.write("N");
    head.writeUInt32BE(1_000_000_000, 1);
    toControl?.write(head);
    let sent = 0;
    for (const chunk = Buffer.alloc(65_536); control.alive && sent < 64_000_000; ) {
      sent += chunk.length;
      const taken = toControl?.write(chunk);
      await (taken ? sleep(0) : Promise.race([once(toControl as Socket, "drain"), sleep(100)]));
    }
    expect(control.alive).toBe(false);
    expect(sent).toBeLessThan(32_000_000);
    toControl?.destroy();
    server.close();
  });
});
