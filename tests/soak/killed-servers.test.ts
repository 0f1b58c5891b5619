/** Tests that jobs outlive the servers that run them: many jobs, and servers killed all the time. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";
import { overlapOf, TellingJobs } from "../helpers/telling-jobs.ts";

const JOBS = 500;
const KILL_EVERY = 5_000;
/** Milliseconds in which the jobs are sent, one after another. */
const LASTS = 150_000;
const LEASE = 2_000;
/** Starts after which a job whose servers went down under it is answered for that. */
const MOST_STARTS = 3;
const WITHIN = 600_000;

let postgres: Postgres;
let jobs: TellingJobs;
const servers: TestServer[] = [];

beforeAll(async () => {
  postgres = await Postgres.start();
  jobs = await TellingJobs.start();
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.dispose())));
afterAll(async () => {
  jobs.stop();
  await postgres.stop();
});

async function start(lease: number): Promise<TestServer> {
  const server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_ISOLATED_NET: "true",
    ISOLATE_STORE_URL: postgres.url(),
    ISOLATE_POOL_MAX: "4",
    ISOLATE_JOB_LEASE: String(lease),
  });
  servers.push(server);
  return server;
}

/** Milliseconds that a job lasts: some end within a tick, and some are hit by most kills. */
const lasting = (n: number): number => [50, 500, 1_000, 2_000][n % 4] ?? 0;

const stateOf = async (id: string): Promise<Record<string, unknown> | undefined> =>
  (await postgres.query(`select state, attempts from isolate.jobs where id = '${id}'`))[0];

it(`answers each of ${JOBS} jobs once, and loses none`, { timeout: WITHIN }, async () => {
  await Promise.all([1, 2, 3].map(() => start(LEASE)));
  const ids = new Map<string, string>();
  let kills = 0;
  let isOver = false;
  const began = performance.now();
  const killing = (async () => {
    for (; !isOver; kills += 1) {
      await sleep(began + (kills + 1) * KILL_EVERY - performance.now());
      const server = servers[Math.floor(Math.random() * servers.length)] as TestServer;
      await server.stop("SIGKILL");
      await server.start();
    }
  })();
  let sent = 0;
  const submitting = servers.map(async (server) => {
    while (sent < JOBS) {
      const n = sent++;
      await sleep(began + (LASTS * n) / JOBS - performance.now());
      // A server that is down has accepted nothing, as far as its client knows.
      for (let id: string | undefined; id === undefined; ) {
        const token = randomUUID();
        id = await jobs.trySubmit(token, lasting(n), server);
        if (id === undefined) await sleep(100);
        else ids.set(token, id);
      }
    }
  });
  await Promise.all(submitting);
  isOver = true;
  await killing;
  expect(new Set(ids.values()).size).toBe(JOBS);
  const client = createClient({ url: (servers[0] as TestServer).url });
  const starts: number[] = [];
  let again = 0;
  let givenUp = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const [token, id] of ids) {
    const job = await client.jobs.wait(id, { signal: AbortSignal.timeout(120_000) });
    const runs = jobs.runsOf(token);
    starts.push(runs.length);
    most = Math.max(most, overlapOf(runs));
    // A start is counted before it happens, so a server may be killed in between.
    expect(runs.length).toBeLessThanOrEqual(job.attempts);
    if (job.attempts > 1) again += 1;
    if (job.attempts > MOST_STARTS) {
      givenUp += 1;
      expect(JSON.stringify(job)).toContain("JOB_GIVEN_UP");
      continue;
    }
    expect(runs.length).toBeGreaterThanOrEqual(1);
    expect(job).toMatchObject({ status: "done", answer: { id, ok: true, result: token } });
    expect(job.answer).toMatchObject({ attempts: job.attempts });
  }
  console.log(
    `${JOBS} jobs, ${kills} kills: ${again} begun more than once, ${givenUp} given up; two runs of one job: ${most.toFixed(0)} ms of overlap`,
  );
  expect(again).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(0);
  const all = [...ids.values()].map((id) => `'${id}'`).join();
  const recorded = await postgres.query(
    `select count(*)::int as n from isolate.executions where outcome = 'ok' and id in (${all})`,
  );
  expect(recorded).toEqual([{ n: JOBS - givenUp }]);
});

it("loses a job, if its claim did not end with its server", async () => {
  const [first, second] = [await start(3_600_000), await start(3_600_000)];
  const id = await jobs.submit("lost", 60_000, first);
  await until(() => jobs.runsOf("lost").length === 1);
  // Either of them may have taken it.
  for (const server of servers) {
    await server.stop("SIGKILL");
    await server.start();
  }
  await second.ready();
  const next = await jobs.submit("next", 0, second);
  await until(async () => (await stateOf(next))?.state === "done");
  await sleep(3 * LEASE);
  expect(await stateOf(id)).toEqual({ state: "running", attempts: 1 });
  expect(jobs.runsOf("lost")).toHaveLength(1);
}, 120_000);
