/** Tests an address with two servers behind it. The state of one says nothing about the other. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { until } from "../contract/engine-contract.ts";
import { DatabaseStage, STUBBORN } from "../helpers/database-stage.ts";

const stage = new DatabaseStage();
let other: Postgres;
let balancer: Server;
/** Servers of the next connections, in order. Later ones go to the stage's server. */
let turns: Postgres[] = [];
/** Sockets of each connection through the balancer, both ends. */
const through = new Set<Socket>();
beforeAll(async () => {
  // Started first, because a server that starts after a session cannot have it.
  other = await Postgres.start();
  await stage.start();
  balancer = createServer((client) => {
    const server = connect((turns.shift() ?? stage.server).port, "127.0.0.1");
    for (const socket of [client, server]) {
      through.add(socket);
      socket.on("error", () => {
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => balancer.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await stage.clear();
  balancer.close();
  await Promise.all([other.stop(), stage.stop()]);
});

/** Creates a role on both servers, with an URL of the balancer. */
async function balancedRole() {
  const role = await stage.newRole();
  await other.query(`create role ${role.user} login password '${stage.server.password}'`);
  const { port } = balancer.address() as AddressInfo;
  const url = new URL(role.url);
  url.port = String(port);
  return { ...role, url: url.href };
}

/** Opens a session through the balancer, with a statement that refuses to end. */
async function stubborn() {
  const { url, busy } = await balancedRole();
  const { reserve, told } = stage.newReserve();
  const { databaseProxy, sql } = await stage.begun(url, reserve);
  await sql`select 1`;
  void sql.unsafe(STUBBORN).catch(() => {});
  await until(async () => (await busy()) === 1);
  return { databaseProxy, sql, busy, told, reserve, url };
}

describe("a session at one of two servers of an address", () => {
  it("is ended by a connection to that one, though others lead to the other one", async () => {
    const { databaseProxy, sql, busy, told } = await stubborn();
    // The control connection is lost, and two of its successors go to the other server.
    turns = [other, other, other];
    await stage.server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'isolate-control'",
    );
    await databaseProxy.close();
    await until(async () => (await busy()) === 0);
    expect(told.filter((state) => state === "running").length).toBe(
      told.filter((state) => state === "ended").length,
    );
    await sql.end({ timeout: 0 });
  });

  it("is not taken for gone because the balancer has closed the connection to it", async () => {
    const { databaseProxy, sql, busy, told } = await stubborn();
    for (const socket of through) socket.end();
    await until(async () => (await busy()) === 0);
    expect(told).toEqual([]);
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
  });

  it("is known, and not taken for gone, while no connection leads to its server", async () => {
    const { databaseProxy, sql, busy, told, reserve, url } = await stubborn();
    turns = Array(20).fill(other);
    await stage.server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'isolate-control'",
    );
    await databaseProxy.close();
    await until(async () => told.length === 1);
    expect([told, await busy(), reserve.survivors]).toEqual([["running"], 1, 1]);
    expect(await stage.answerOf(url, reserve)).toBe("55006");
    turns = [];
    await until(async () => (await busy()) === 0);
    await until(async () => told.at(-1) === "ended");
    await sql.end({ timeout: 0 });
  });
});
