/** Tests jobs of servers that share a real PostgreSQL server: each a process of its own, with real sandboxes. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { TestServer } from "../helpers/server.ts";
import { overlapOf, TellingJobs } from "../helpers/telling-jobs.ts";

/** Jobs and kills of the test with killed servers. `tests/soak/killed-servers.test.ts` has many. */
const JOBS = 30;
const KILLS = 2;
const EVERY = 1_000;

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

/** Starts a server with one place for jobs. */
async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_ISOLATED_NET: "true",
    ISOLATE_STORE_URL: postgres.url(),
    ISOLATE_POOL_MAX: "3",
    ISOLATE_JOB_LEASE: "5000",
    ...env,
  });
  servers.push(server);
  return server;
}

const rows = (columns: string, id: string) =>
  postgres.query(`select ${columns} from isolate.jobs where id = '${id}'`);
const isDone = async (id: string) => (await rows("state", id))[0]?.state === "done";

describe("jobs of several servers", () => {
  it("start on an idle server at once, if the one that accepts them is full", async () => {
    // Without notices, an idle server looks for jobs each ten seconds at the earliest.
    const env = { ISOLATE_JOB_LEASE: "60000" };
    const [full] = [await start(env), await start(env)] as [TestServer, TestServer];
    const busy = await jobs.submit("busy", 6_000, full);
    await until(() => jobs.runsOf("busy").length === 1);
    // The other one has looked by now.
    await sleep(2_500);
    const second = await jobs.submit("second", 0, full);
    const sent = performance.now();
    await until(async () => (await rows("state", second))[0]?.state !== "queued");
    const started = performance.now() - sent;
    console.log(`A job of a full server has started elsewhere after ${started.toFixed(0)} ms`);
    // Half of the time in which it would look by itself.
    expect(started).toBeLessThan(5_000);
    await until(() => isDone(second));
    await until(() => isDone(busy));
    const [first, other] = [await rows("owner", busy), await rows("owner", second)];
    expect(first).not.toEqual(other);
  });

  it("end on a server that is cut off, before another one starts them", async () => {
    const cable = new Cable(() => postgres.port);
    await cable.plug();
    const lease = { ISOLATE_JOB_LEASE: "3000" };
    const [cut] = await Promise.all([
      start({ ISOLATE_STORE_URL: cable.url(postgres.url()), ...lease }),
      start(lease),
    ]);
    // Longer than until the other one takes it. Without an end of its claim, it would still run then.
    const id = await jobs.submit("fenced", 8_000, cut);
    await until(() => jobs.runsOf("fenced").length === 1);
    cable.cut();
    await until(() => jobs.runsOf("fenced").length === 2);
    // It comes back while the job runs elsewhere.
    await cable.plug();
    await until(() => isDone(id));
    expect(jobs.runsOf("fenced")).toHaveLength(2);
    expect(overlapOf(jobs.runsOf("fenced"))).toBeLessThanOrEqual(0);
    expect(await rows("attempts, answer::json -> 'status' as status", id)).toEqual([
      { attempts: 2, status: 200 },
    ]);
    await until(async () => {
      const executions = await postgres.query(
        `select outcome from isolate.executions where id = '${id}'`,
      );
      return executions.length === 1 && executions[0]?.outcome === "ok";
    });
    // It takes jobs again.
    const next = await jobs.submit("next", 0, cut);
    await until(() => isDone(next));
    cable.cut();
  });

  it("are each answered once, none lost, though servers are killed", async () => {
    const env = { ISOLATE_JOB_LEASE: "2000", ISOLATE_POOL_MAX: "4" };
    await Promise.all([start(env), start(env), start(env)]);
    let isOver = false;
    const killing = (async () => {
      for (let kill = 0; kill < KILLS && !isOver; kill += 1) {
        await sleep(EVERY);
        const server = servers[Math.floor(Math.random() * servers.length)] as TestServer;
        await server.stop("SIGKILL");
        await server.start();
      }
    })();
    const ids = new Map<string, string>();
    const submitting = servers.map(async (server) => {
      while (ids.size < JOBS) {
        const token = randomUUID();
        const id = await jobs.trySubmit(token, 100, server);
        if (id !== undefined) ids.set(token, id);
        await sleep(id === undefined ? 100 : (KILLS * EVERY) / JOBS);
      }
    });
    await Promise.all(submitting);
    expect(new Set(ids.values()).size).toBe(ids.size);
    await killing;
    isOver = true;
    const all = [...ids.values()].map((id) => `'${id}'`).join();
    await until(async () => {
      const [row] = await postgres.query(
        `select count(*)::int as open from isolate.jobs where finished_at is null and id in (${all})`,
      );
      return row?.open === 0;
    }, 200);
    const client = createClient({ url: (servers[0] as TestServer).url });
    let again = 0;
    for (const [token, id] of ids) {
      const job = await client.jobs.wait(id, { signal: AbortSignal.timeout(60_000) });
      expect(job).toMatchObject({ status: "done", answer: { id, ok: true, result: token } });
      expect(job.answer).toMatchObject({ attempts: job.attempts });
      // A start is counted before it happens, so a server may be killed in between.
      const starts = jobs.runsOf(token).length;
      expect(starts).toBeGreaterThanOrEqual(1);
      expect(starts).toBeLessThanOrEqual(job.attempts);
      if (job.attempts > 1) again += 1;
    }
    console.log(`${again} of ${ids.size} jobs were begun more than once`);
    const recorded = await postgres.query(
      `select count(*)::int as n from isolate.executions where outcome = 'ok' and id in (${all})`,
    );
    expect(recorded).toEqual([{ n: ids.size }]);
  }, 600_000);
});
