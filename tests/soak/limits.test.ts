/** Tests the limits of tenants over three servers, for as long and as often as their proofs say. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { flood, Overlap, Planes } from "../helpers/planes.ts";
import { unique } from "../helpers/store-rows.ts";

const WITHIN = 300_000;

let postgres: Postgres;
let overlap: Overlap;
/** Three servers that share their store, and three that know of no other. */
let shared: Planes;
let alone: Planes;

beforeAll(async () => {
  postgres = await Postgres.start({
    max_connections: "120",
    shared_preload_libraries: "pg_stat_statements",
  });
  await postgres.query("create extension pg_stat_statements");
  shared = await Planes.open(postgres.url(), 3);
  alone = await Planes.open(postgres.url(), 3, { alone: true });
  overlap = await Overlap.open(postgres);
});
afterAll(async () => {
  await overlap?.close();
  await shared?.close();
  await alone?.close();
  await postgres?.stop();
});

it("run four executions of a second at once of 200, and no fifth", {
  timeout: WITHIN,
}, async () => {
  const limits = { concurrency: 4, queue: 200 };
  const patient = { code: "1", queueTimeout: 60_000 };
  shared.behave(overlap.lasting(1_000));
  expect(await flood(await shared.tenant(unique("slots"), limits), 200, patient)).toEqual({
    200: 200,
  });
  const { most, seconds } = await overlap.peak();
  console.log(`200 executions of 1 s: ${most} at once, ${(200 / seconds).toFixed(2)} a second`);
  expect(most).toBe(4);
  expect(200 / seconds).toBeGreaterThanOrEqual(3.6);
  // Control: limits of each server alone.
  alone.behave(overlap.lasting(1_000));
  await flood(await alone.tenant(unique("slots"), limits), 36, patient);
  expect((await overlap.peak()).most).toBe(12);
});

it("begin ten executions a second for ten seconds, over all servers", async () => {
  const limits = { concurrency: 100, queue: 100, rate: { requests: 10, seconds: 1 } };
  const begun = async (planes: Planes): Promise<number> => {
    planes.behave(async () => ({ result: 1 }));
    const send = await planes.tenant(unique("rate"), limits);
    const end = performance.now() + 10_000;
    let count = 0;
    const one = async (server: number): Promise<void> => {
      for (; performance.now() < end; await sleep(15)) {
        if ((await send(server)).status === 200) count += 1;
      }
    };
    await Promise.all([0, 1, 2, 0, 1, 2].map(one));
    return count;
  };
  const [together, each] = [await begun(shared), await begun(alone)];
  console.log(`A rate of 10 a second for 10 s: ${together} began; ${each} by each server's own`);
  expect(together).toBeLessThanOrEqual(110);
  expect(together).toBeGreaterThanOrEqual(50);
  expect(each).toBeGreaterThan(220);
}, 60_000);

it("begin as many executions of a budget as it has, of those sent at once", async () => {
  const limits = { concurrency: 500, queue: 0, budget: { executions: 100 } };
  const run = async (planes: Planes) => {
    planes.behave(async () => ({ result: 1 }));
    return flood(await planes.tenant(unique("budget"), limits), 150);
  };
  expect(await run(shared)).toEqual({ 200: 100, 429: 50 });
  expect(await run(alone)).toEqual({ 200: 150 });
});

it("run one execution for each of 50 keys that all servers get at once", async () => {
  const send = await shared.tenant(unique("once"), { concurrency: 100, queue: 100 });
  let ran = 0;
  shared.behave(async () => {
    ran += 1;
    await sleep(20);
    return { result: 1 };
  });
  const round = async (more: object): Promise<number> => {
    const before = ran;
    const answers = await Promise.all([0, 1, 2].map((n) => send(n, "/execute", undefined, more)));
    for (const { status } of answers) expect([200, 409]).toContain(status);
    return ran - before;
  };
  for (let n = 0; n < 50; n += 1) {
    expect(await round({ "idempotency-key": unique("key") })).toBe(1);
  }
  expect(await round({})).toBe(3);
});

it("cost few statements, all counted that 1,000 executions need", async () => {
  const send = await shared.tenant(unique("cost"), {
    ...{ concurrency: 64, rate: { requests: 100_000, seconds: 60 } },
    budget: { executions: 1_000_000, cpu: 1e9 },
  });
  const [server] = shared.servers;
  shared.behave(async () => ({ result: 1 }));
  const run = async (count: number): Promise<void> => {
    let left = count;
    const one = async (): Promise<void> => {
      for (; left > 0; ) {
        left -= 1;
        expect((await send(0)).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 32 }, one));
    await server?.services.runs.flush();
  };
  await run(200);
  await postgres.query("select pg_stat_statements_reset()");
  const began = performance.now();
  await run(1_000);
  const seconds = (performance.now() - began) / 1_000;
  const rows =
    await postgres.query(`select left(query, 70) as query, calls::int from pg_stat_statements
    where userid = 'app'::regrole and query !~ 'pg_stat_statements' and toplevel order by calls desc`);
  const calls = rows.reduce((all, row) => all + Number(row.calls), 0);
  console.log(`1,000 executions cost ${calls} statements in ${seconds.toFixed(1)} s`, rows);
  // The records are written 20 times a second, and leases are asked for some four times.
  expect(calls).toBeLessThanOrEqual(40 + 60 * seconds);
  expect(calls).toBeLessThanOrEqual(200);
});
