/** Tests harmless roles with a low connection limit. Seen with PostgreSQL 15 and pg 8. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import type { SpareConnections } from "../../src/database/spare-connections.ts";
import { DatabaseStage } from "../helpers/database-stage.ts";

const stage = new DatabaseStage();
const { newRole, newReserve, begun } = stage;
beforeAll(() => stage.start());
afterEach(() => stage.clear());
afterAll(() => stage.stop());

/** Runs an execution whose client closes its connection before the end. */
async function politely(url: string, reserve: SpareConnections): Promise<string> {
  const { databaseProxy, sql, port } = await begun(url, reserve);
  const client = new pg.Client({ host: stage.directory, port, user: "x", database: "x" });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.end().catch(() => {});
    await sql.end({ timeout: 0 });
    await databaseProxy.close();
  }
}

describe("a role that may have one connection", () => {
  it.each([0, 20, 60, 150, 400])(
    "is not locked out by executions %i ms after each other",
    async (pause) => {
      const { url } = await newRole("connection limit 1");
      const { reserve, told } = newReserve();
      const answers: string[] = [];
      for (let count = 0; count < 8; count += 1) {
        answers.push(await politely(url, reserve));
        await sleep(pause);
      }
      expect([answers, told]).toEqual([Array(8).fill("ok"), []]);
    },
  );

  it("is not locked out by what was made ahead while it might have more", async () => {
    const { url, user } = await newRole("connection limit 4");
    const { reserve, told } = newReserve();
    for (let count = 0; count < 3; count += 1) await politely(url, reserve);
    await stage.server.query(`alter role ${user} connection limit 1`);
    const busy = await reserve.take(parseDatabaseUrl(url));
    // Closed without a farewell, and without a control connection that could handle it.
    await stage.server.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where usename = '${user}' and application_name = 'isolate-control'`);
    busy.detach().destroy();
    await reserve.end(busy, true);
    expect([await politely(url, reserve), told]).toEqual(["ok", []]);
  });
});
