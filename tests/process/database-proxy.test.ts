import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { DatabaseProxy } from "../../src/database/database-proxy.ts";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { SpareConnections } from "../../src/database/spare-connections.ts";
import { until } from "../contract/engine-contract.ts";

const LIMITS = { rows: 1_000, bytes: 100_000 };
const STUBBORN = `do $$ begin loop begin perform pg_sleep(60);
  exception when query_canceled then null; end; end loop; end $$`;
const SSL_REQUEST = [0, 0, 0, 8, 4, 210, 22, 47];

let server: Postgres;
let directory: string;
let reserve: SpareConnections;
beforeAll(async () => {
  server = await Postgres.start();
  directory = await mkdtemp(join(tmpdir(), "gate-"));
  reserve = new SpareConnections();
});
afterAll(async () => {
  await reserve.close();
  expect(await server.connections()).toBe(0);
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Opened {
  readonly databaseProxy: DatabaseProxy;
  readonly socket: string;
  readonly sql: postgres.Sql;
  readonly audit: string[];
}

/** Opens a gate, and a client of it without a password. */
async function gateTo(url: string, timeLeft = 20_000): Promise<Opened> {
  const socket = join(directory, "database.sock");
  const audit: string[] = [];
  const databaseProxy = await DatabaseProxy.open({
    socket,
    target: parseDatabaseUrl(url),
    limits: LIMITS,
    timeLeft,
    reserve,
    audit: (code) => audit.push(code),
  });
  const sql = clientOf(socket);
  open.push(
    () => databaseProxy.close(),
    () => sql.end({ timeout: 0 }),
  );
  return { databaseProxy, socket, sql, audit };
}

function clientOf(path: string): postgres.Sql {
  return postgres({ path, user: "nobody", database: "none", max: 1, onnotice: () => {} });
}

const errorOf = (query: Promise<unknown>): Promise<{ code: string; message: string }> =>
  query.then(
    () => ({ code: "none", message: "" }),
    (error) => error,
  );

/** Drops empty rows: after an error, this client starts to count at the rows it had before. */
const rowsOf = (result: readonly object[]): object[] => result.filter(Boolean);

/** Counts backends that run a statement of ours; the superuser's own query does not count. */
const busy = () => server.connections("state = 'active'");

describe("a gate to a database", () => {
  it("gives a session of the URL's user to a client without a password", async () => {
    const { sql, audit } = await gateTo(server.url());
    const [row] =
      await sql`select current_user as who, current_database() as at, ${1 + 1}::int as two`;
    expect(row).toEqual({ who: "app", at: "app", two: 2 });
    const names = await sql.begin(async (tx) => tx`select name from users order by id`);
    expect(names.map(({ name }) => name)).toEqual(["Alice", "Bob"]);
    expect(audit).toEqual([""]);
  });

  it("passes the server's own errors on", async () => {
    const { sql } = await gateTo(server.url());
    expect(await errorOf(sql`select * from missing`)).toMatchObject({ code: "42P01" });
    expect(await errorOf(sql.unsafe("selec 1"))).toMatchObject({ code: "42601" });
    expect(await errorOf(sql`select ${"a\0b"}::text`)).toMatchObject({ code: "22021" });
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
  });

  it.each([
    ["a wrong password", () => server.url("", { password: "wrong" }), "28P01", /password/],
    ["a missing database", () => server.url().replace(/app$/, "none"), "3D000", /"none"/],
    ["a server that is not there", () => "postgres://app:x@127.0.0.1:1/app", "08001", /ECONNREF/],
    [
      "a name that is none",
      () => "postgres://app:x@no.invalid/app",
      "08001",
      /RESOLVE_(FAILED|TIMEOUT)/,
    ],
  ])("tells of %s", async (_what, url, code, message) => {
    const { sql, audit } = await gateTo(url());
    const error = await errorOf(sql`select 1`);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify(error)).not.toContain(server.password);
    expect(audit[0]).toBeTruthy();
  });

  it("goes to the next host where one cannot be reached", async () => {
    const first = `postgres://app:${server.password}@127.0.0.1:1/app`;
    const target = parseDatabaseUrl(first, [`127.0.0.1:${server.port}`]);
    const { sql } = await gateTo(first);
    expect(await errorOf(sql`select 1`)).toMatchObject({ code: "08001" });
    const serverConnection = await reserve.take(target);
    expect(serverConnection.backend.host.port).toBe(server.port);
    await serverConnection.end(false);
  });

  it.each([
    ["?sslmode=require", "127.0.0.1", true],
    ["?sslmode=prefer", "127.0.0.1", true],
    ["?sslmode=verify-full&sslrootcert=CERT", "localhost", true],
    ["?sslmode=verify-ca&sslrootcert=CERT", "127.0.0.1", true],
    ["?sslmode=disable", "127.0.0.1", false],
    ["", "127.0.0.1", false],
  ])("uses TLS as %s on %s says", async (options, host, ssl) => {
    const { sql } = await gateTo(server.url(options.replace("CERT", server.certificate), { host }));
    const [row] = await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    expect(row).toEqual({ ssl });
  });

  it.each([
    ["?sslmode=verify-full", "localhost"],
    ["?sslmode=verify-full&sslrootcert=CERT", "127.0.0.1"],
  ])("refuses a certificate that %s on %s does not allow", async (options, host) => {
    const { sql } = await gateTo(server.url(options.replace("CERT", server.certificate), { host }));
    expect(await errorOf(sql`select 1`)).toMatchObject({ code: "08001" });
  });
});

describe("the end of a gate", () => {
  it("cancels what the server does, and leaves no connection", async () => {
    const { databaseProxy, sql } = await gateTo(server.url());
    const query = errorOf(sql`select pg_sleep(3600)`);
    await until(async () => (await busy()) === 1);
    await databaseProxy.close();
    await until(async () => (await busy()) === 0);
    expect((await query).code).toMatch(/CONNECTION_CLOSED|57014/);
  });

  it.each([
    ["does nothing", "select 1"],
    ["has a transaction open", "begin; select 1"],
    ["sleeps", "select pg_sleep(3600)"],
    ["sends without end", "select generate_series(1, 2000000000)"],
  ])("is the end within a second of a connection that %s", async (_what, query) => {
    let best = Number.POSITIVE_INFINITY;
    // The best of three counts, because a busy machine delays any one of them.
    for (let round = 0; round < 3 && best > 1_000; round += 1) {
      const { databaseProxy, sql } = await gateTo(server.url());
      const [{ pid }] = (await sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
      await Promise.race([errorOf(sql.unsafe(query)), new Promise((go) => setTimeout(go, 50))]);
      const since = performance.now();
      await databaseProxy.close();
      await until(async () => (await server.connections(`pid = ${pid}`)) === 0);
      best = Math.min(best, performance.now() - since);
      await sql.end({ timeout: 0 });
    }
    expect(best).toBeLessThan(1_000);
  });

  it("ends a statement that will not be cancelled", async () => {
    const { databaseProxy, sql } = await gateTo(server.url());
    void errorOf(sql.unsafe(STUBBORN));
    await until(async () => (await busy()) === 1);
    await databaseProxy.close();
    await until(async () => (await busy()) === 0);
  });

  it("undoes a transaction that was left open", async () => {
    const { databaseProxy, sql } = await gateTo(server.url());
    await sql.unsafe("begin; insert into users (name, email) values ('Eve', 'eve@example.com')");
    await databaseProxy.close();
    await until(async () => (await server.connections("state like 'idle in%'")) === 0);
    expect(await server.query("select * from users where name = 'Eve'")).toEqual([]);
  });

  it("ends statements by itself when the time is up", async () => {
    const { sql } = await gateTo(server.url(), 300);
    expect(await errorOf(sql`select pg_sleep(3600)`)).toMatchObject({ code: "57014" });
  });

  it("does not wait for a client that says nothing", async () => {
    const { databaseProxy, socket } = await gateTo(server.url());
    const silent = connect(socket);
    const closed = new Promise((resolve) => silent.once("close", () => resolve("closed")));
    await new Promise((resolve) => silent.once("connect", resolve));
    await databaseProxy.close();
    // Without help, it would be given up only after 5 s.
    const late = new Promise((resolve) => setTimeout(() => resolve("late"), 2_000));
    expect(await Promise.race([closed, late])).toBe("closed");
  });

  it("lets nobody in afterwards", async () => {
    const { databaseProxy, socket, sql } = await gateTo(server.url());
    await sql`select 1`;
    await databaseProxy.close();
    expect(await errorOf(clientOf(socket)`select 1`)).toMatchObject({ code: "ENOENT" });
  });

  it("gives no session of one execution to another", async () => {
    for (let round = 0; round < 6; round += 1) {
      const { databaseProxy, sql } = await gateTo(server.url());
      await sql`select 1`;
      expect(await errorOf(sql`select * from mine`)).toMatchObject({ code: "42P01" });
      const [row] = await sql`select current_setting('application_name') as name`;
      expect(row).toEqual({ name: "isolate" });
      await sql.unsafe("create temp table mine (n int); set application_name = 'theirs'");
      await databaseProxy.close();
      await sql.end({ timeout: 0 });
    }
    // Two connections are kept ready beside the control connections, and no other one is left.
    const code = "application_name <> 'isolate-control'";
    await until(async () => (await server.connections(code)) === 2);
  });
});

describe("what a client may ask of a gate", () => {
  it.each([
    ["rows", "select generate_series(1, 1000000) as n", /over 1000 rows/],
    ["bytes", "select repeat('x', 1000) as x from generate_series(1, 500)", /over 100000 bytes/],
    ["bytes in one row", "select repeat('x', 10000000) as x", /over 100000 bytes/],
    [
      "bytes of an error",
      "do $$ begin raise '%', repeat('x', 60000000); end $$",
      /over 100000 bytes/,
    ],
    [
      "bytes of notices",
      "do $$ begin loop raise notice '%', repeat('x', 9999); end loop; end $$",
      /over 100000 bytes/,
    ],
    ["rows of the first of two", "select generate_series(1, 100000); select 1", /over 1000 rows/],
  ])("are not too many %s, and it goes on after that", async (_what, query, message) => {
    const { sql } = await gateTo(server.url());
    const error = await errorOf(sql.unsafe(query));
    expect(error).toMatchObject({ code: "54000", message: expect.stringMatching(message) });
    for (let round = 0; round < 20; round += 1) {
      expect(rowsOf(await sql`select ${round}::int as n`)).toEqual([{ n: round }]);
    }
    expect(rowsOf(await sql`select generate_series(1, 1000) as n`)).toHaveLength(1_000);
  });

  it("are no two connections at once", async () => {
    const { socket, sql } = await gateTo(server.url());
    await sql`select 1`;
    const second = clientOf(socket);
    expect(await errorOf(second`select 1`)).toMatchObject({ code: "53300" });
    await sql.end();
    await until(async () => (await errorOf(second`select 1`)).code === "none");
    await second.end();
  });

  it("is a new connection after it has ended its own", async () => {
    const { sql } = await gateTo(server.url());
    const ended = await errorOf(sql`select pg_terminate_backend(pg_backend_pid())`);
    expect(ended.code).toMatch(/57P01|CONNECTION_CLOSED/);
    await until(async () => (await errorOf(sql`select 1`)).code === "none");
  });

  it("is a connection that was not cut off while nobody used it", async () => {
    const { sql, audit } = await gateTo(server.url());
    await until(async () => audit.length === 1);
    await server.query(
      "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'app'",
    );
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
  });

  it("are no two statements at once, though it leaves and comes back", async () => {
    const { socket, sql } = await gateTo(server.url());
    void errorOf(sql.unsafe(STUBBORN));
    await until(async () => (await busy()) === 1);
    await sql.end({ timeout: 0 });
    await sleep(50);
    const again = clientOf(socket);
    void errorOf(again.unsafe(STUBBORN));
    for (let round = 0; round < 10; round += 1) {
      expect(await busy()).toBeLessThan(2);
      await sleep(20);
    }
    await until(async () => (await busy()) === 1);
    await again.end({ timeout: 0 });
  });

  it("is one connection to the server, however often it asks and leaves", async () => {
    const { socket, sql, audit } = await gateTo(server.url());
    for (let round = 0; round < 50; round += 1) {
      const client = connect(socket, () => client.write(Buffer.from([0, 0, 0, 8, 0, 3, 0, 0])));
      client.on("error", () => {});
      await sleep(1);
      client.destroy();
    }
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    expect(audit.length).toBeLessThan(50);
    await until(async () => (await server.connections()) < 4);
  });

  it("are no more than some connections a second, however often it comes back", async () => {
    const { socket, audit } = await gateTo(server.url());
    const end = performance.now() + 2_000;
    while (performance.now() < end) {
      const client = clientOf(socket);
      await errorOf(client`select 1`);
      await client.end();
    }
    const most = 10 + (performance.now() - end + 2_000) / 100 + 2;
    expect(audit.length).toBeGreaterThan(8);
    expect(audit.length).toBeLessThan(most);
  });

  it("are no more clients than a few, though they say nothing", async () => {
    const { socket } = await gateTo(server.url());
    let left = 0;
    const clients = Array.from({ length: 40 }, () => connect(socket));
    for (const client of clients) client.resume().once("close", () => (left += 1));
    await until(async () => left === 32);
    for (const client of clients) client.destroy();
  });

  it.each([
    ["no protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a length of nothing", Buffer.from([0, 0, 0, 0, 0, 3, 0, 0])],
    ["a length of everything", Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ["another version", Buffer.from([0, 0, 0, 8, 0, 2, 0, 0])],
    ["a cancellation", Buffer.from([0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 1])],
    ["one offer of encryption after another", Buffer.alloc(800, Buffer.from(SSL_REQUEST))],
    ["a query before the answer", Buffer.from([0, 0, 0, 8, 0, 3, 0, 0, 0x51, 0, 0, 0, 4])],
  ])("is not %s", async (_what, bytes) => {
    const { socket, sql } = await gateTo(server.url());
    const client = connect(socket, () => client.write(bytes));
    const answer: Buffer[] = [];
    client.on("data", (chunk) => answer.push(chunk));
    await new Promise((resolve) => client.once("close", resolve));
    expect(Buffer.concat(answer).toString()).not.toMatch(/server_version|NN/);
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
  });
});
