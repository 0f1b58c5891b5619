/** Tests how soon a job begins on an idle server, if the one that has accepted it is full. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../../dev/postgres.ts";
import { until } from "../../contract/engine-contract.ts";
import { Cable } from "../../helpers/cable.ts";
import { TestServer } from "../../helpers/server.ts";
import { TellingJobs } from "../../helpers/telling-jobs.ts";

const ROUNDS = 20;
/** Most milliseconds of all rounds, on a machine with nothing else to do. */
const WITHIN = 300;

let postgres: Postgres;
let client: pg.Client;
let jobs: TellingJobs;
let notices: Cable;
let full: TestServer;
let idle: TestServer;

beforeAll(async () => {
  postgres = await Postgres.start();
  client = new pg.Client(postgres.url());
  await client.connect();
  jobs = await TellingJobs.start();
  notices = new Cable(() => postgres.port);
  await notices.plug();
  const start = (more: Record<string, string>): Promise<TestServer> =>
    TestServer.start({
      ISOLATE_ENGINE: "none",
      ISOLATE_ISOLATED_NET: "true",
      ISOLATE_STORE_URL: postgres.url(),
      ISOLATE_POOL_MAX: "3",
      // Servers look for jobs each ten seconds at the earliest, unless they are told.
      ISOLATE_JOB_LEASE: "60000",
      ...more,
    });
  full = await start({});
  await jobs.submit("busy", 80_000, full);
  await until(() => jobs.runsOf("busy").length === 1);
  idle = await start({ ISOLATE_STORE_DIRECT_URL: notices.url(postgres.url()) });
});
afterAll(async () => {
  jobs.stop();
  await client.end();
  await Promise.all([full.dispose(), idle.dispose()]);
  notices.cut();
  await postgres.stop();
});

/** Returns the milliseconds from each answer of the full server to the start of its job, in order of size. */
async function starts(rounds: number): Promise<number[]> {
  const took: number[] = [];
  const state = async (id: string): Promise<unknown> =>
    (await client.query("select state from isolate.jobs where id = $1", [id])).rows[0]?.state;
  for (let round = 0; round < rounds; round += 1) {
    const id = await jobs.submit(randomUUID(), 0, full);
    const accepted = performance.now();
    for (; (await state(id)) === "queued"; await sleep(2));
    took.push(performance.now() - accepted);
    await until(async () => (await state(id)) === "done");
    await sleep(100);
  }
  return took.sort((a, b) => a - b);
}

const shown = (took: readonly number[]): string => took.map((each) => each.toFixed(0)).join(", ");

it("is within 300 ms", async () => {
  await starts(2);
  const took = await starts(ROUNDS);
  console.log(`Jobs of a full server began elsewhere after ${shown(took)} ms`);
  expect(took.at(-1)).toBeLessThan(WITHIN);
  // Control: a server that hears no notices looks every two seconds.
  notices.cut();
  await sleep(3_000);
  const untold = await starts(6);
  console.log(`Without notices after ${shown(untold)} ms`);
  expect(untold.at(-1)).toBeGreaterThan(WITHIN);
}, 120_000);
