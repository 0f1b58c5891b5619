/**
 * Simulates many servers over one PostgreSQL database in one process, with the store's own classes.
 * They give signs of life, renew places, look for jobs, listen to notices and record executions. Run it by
 * `node --import tsx bench/store-nodes.ts [servers] [seconds] [batch]`. With a batch of 1, each execution is recorded by
 * a statement of its own, which shows what the batches save. Exits with 1 if a statement failed or a server missed a
 * notice.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Postgres } from "../dev/postgres.ts";
import { NodeRegistry } from "../server/cluster/node-registry.ts";
import { nextPoll } from "../server/jobs/poll-times.ts";
import type { RecordedExecution } from "../server/store/contract/executions.ts";
import { connectionOptions } from "../server/store/hosts/connection.ts";
import { PostgresNotices } from "../server/store/notices/postgres-notices.ts";
import { openStore } from "../server/store/open.ts";
import { statFields } from "../src/base/process-stat.ts";

const [servers = 1_000, seconds = 60, batch = 100] = process.argv.slice(2).map(Number);
const LEASE = 15_000;
const RENEW_EVERY = 5_000;
const JOB_LEASE = 30_000;
/** Executions of all servers in a second, and milliseconds between two times at which some are recorded. */
const RATE = 1_000;
const RECORD_EVERY = 100;

const postgres = await Postgres.start({ max_connections: String(servers + 50) });
const store = await openStore(postgres.url());
const pool = new pg.Pool({ connectionString: postgres.url(), max: 4 });
pool.on("error", () => {});
const times: number[] = [];
let failures = 0;

async function timed(work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await work().catch(() => {
    failures += 1;
  });
  times.push(performance.now() - began);
}

const nodes = Array.from({ length: servers }, (_, index) => {
  const id = `node-${index}`;
  const node = { id, address: `${id}:8787`, version: "1", capacity: 10 };
  const connection = connectionOptions(postgres.url());
  const notices = new PostgresNotices({ connection, pool });
  const onError = (): void => {
    failures += 1;
  };
  return { id, notices, registry: new NodeRegistry({ store, node, onError }) };
});
while (!nodes.every(({ notices }) => notices.connected)) await sleep(100);
for (const { id } of nodes) {
  await store.leases.slots(id, { tenant: id, kind: "all", held: 0, most: 4 }, 1, LEASE);
}

const cpu = postgresCpu();
const own = process.cpuUsage();
const end = performance.now() + seconds * 1_000;
let heard = 0;
let recorded = 0;
for (const { notices } of nodes) {
  notices.on("key", () => {
    heard += 1;
  });
}
const batches = setInterval(() => {
  const row = (): RecordedExecution => ({
    id: crypto.randomUUID(),
    tenant: `node-${Math.floor(Math.random() * servers)}`,
    requestId: "",
    via: "execute",
    function: null,
    version: null,
    level: "container",
    tools: [],
    permissions: {},
    outcome: "ok",
    error: null,
    startedAt: new Date(),
    duration: 1,
    usage: null,
  });
  for (let left = (RATE * RECORD_EVERY) / 1_000; left > 0; left -= batch) {
    const rows = Array.from({ length: Math.min(batch, left) }, row);
    void timed(() => store.executions.record(rows)).then(() => {
      recorded += rows.length;
    });
  }
}, RECORD_EVERY);
const notice = setTimeout(() => nodes[0]?.notices.send({ kind: "key", key: "k" }), seconds * 500);
await Promise.all(
  nodes.map(async ({ id, registry }, index) => {
    await sleep((RENEW_EVERY * index) / servers);
    registry.start();
    let lookAt = performance.now() + Math.random() * nextPoll(JOB_LEASE);
    const slots = [{ tenant: id, kind: "all", held: 1, most: 4 } as const];
    while (performance.now() < end) {
      await timed(() => store.leases.renew(id, { slots, budgets: [] }, LEASE));
      if (performance.now() >= lookAt) {
        await timed(() => store.jobs.claim(id, JOB_LEASE, 10));
        lookAt = performance.now() + nextPoll(JOB_LEASE);
      }
      await sleep(RENEW_EVERY);
    }
  }),
);
clearInterval(batches);
clearTimeout(notice);
times.sort((a, b) => a - b);
const at = (part: number): string => `${times[Math.floor(times.length * part)]?.toFixed(1)} ms`;
const used = postgresCpu() - cpu;
const wall = seconds + RENEW_EVERY / 1_000;
const { user, system } = process.cpuUsage(own);
console.log(
  `${servers} servers for ${seconds} s, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(0)}`,
);
console.log(
  `PostgreSQL: ${(used / wall).toFixed(2)} of a core; the simulation: ${((user + system) / 1e6 / wall).toFixed(2)}`,
);
console.log(`${recorded} executions recorded, ${batch} at once`);
console.log(`${times.length} statements: p50 ${at(0.5)}, p99 ${at(0.99)}; ${failures} failed`);
const { length: listed } = await store.nodes.list();
console.log(`${heard} of ${servers} servers have heard a notice; ${listed} are listed`);
if (failures > 0 || heard < servers || listed < servers) process.exitCode = 1;
await Promise.all(
  nodes.map(({ notices, registry }) => Promise.all([notices.close(), registry.close()])),
);
await pool.end();
await store.close();
await postgres.stop();

/** Sums the seconds of processor time of all processes of the server, by /proc. */
function postgresCpu(): number {
  let ticks = 0;
  for (const pid of pids()) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [, , , , , , , , , , , utime = 0, stime = 0] = statFields(stat).map(Number);
      ticks += utime + stime;
    } catch {
      // It has ended.
    }
  }
  return ticks / 100;
}

function pids(): string[] {
  const server = postgres.pid;
  const task = readFileSync(`/proc/${server}/task/${server}/children`, "utf8");
  return [String(server), ...task.trim().split(" ")];
}
