/** Tests what jobs cost a store in PostgreSQL, and what servers that share it leave to one of them. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { ControlPlane } from "../helpers/control-plane.ts";
import { SOAK } from "../helpers/soak.ts";
import { execution, unique } from "../helpers/store-rows.ts";

const JOBS = SOAK ? 1_000 : 300;
/** Requests at once. */
const AT_ONCE = 32;
/** Seconds for which the statements of a server without work are counted. */
const IDLE_SECONDS = 2;

let postgres: Postgres;
let store: Store;
let other: Store;

beforeAll(async () => {
  postgres = await Postgres.start();
  [store, other] = await Promise.all([openStore(postgres.url()), openStore(postgres.url())]);
});
afterAll(async () => {
  await Promise.all([store.close(), other.close()]);
  await postgres.stop();
});

describe("jobs", () => {
  it(`cost three statements each at most, from their requests to their answers`, async () => {
    const plane = new ControlPlane(await openStore(postgres.url()));
    const server = plane.serve({}, { cluster: { max: 16 } });
    const client = await server.tenant(unique("tenant").slice(0, 20));
    server.services.worker.start();
    const query = vi.spyOn(pg.Client.prototype, "query");
    const count = (of: string) => `(select count(*)::int from isolate.${of}) as ${of}`;
    const asked = `select ${count("executions")}, (select count(*)::int from isolate.jobs
      where state = 'done' and attempts = 1) as done`;
    /** Runs so many jobs that there are `all` in the end. Returns their statements. */
    const costOf = async (all: number): Promise<number> => {
      query.mockClear();
      const began = performance.now();
      let left = JOBS;
      const submitting = Array.from({ length: AT_ONCE }, async () => {
        while (left > 0) {
          left -= 1;
          const request = { code: "export default () => 1" };
          const response = await client.post("/execute", request, { prefer: "respond-async" });
          expect(response.status).toBe(202);
        }
      });
      await Promise.all(submitting);
      let own = 0;
      await until(async () => {
        const before = query.mock.calls.length;
        const [row] = await postgres.query(asked);
        // At least those of its own connection: the server may have sent others meanwhile.
        own += Math.min(1, query.mock.calls.length - before);
        return row?.done === all && row?.executions === all;
      }, 500);
      const statements = query.mock.calls.length - own;
      const seconds = (performance.now() - began) / 1_000;
      // Control: a server without work sends statements, too, and the more the longer a busy machine takes for the jobs.
      await sleep(IDLE_SECONDS * 1_000);
      const idle = (query.mock.calls.length - own - statements) / IDLE_SECONDS;
      const cost = statements - idle * seconds;
      console.log(`${JOBS} jobs cost ${cost.toFixed(0)} of ${statements} statements`);
      return cost;
    };
    // Servers send statements for many jobs at once. A machine without time for that gives them fewer at once.
    const costs = [await costOf(JOBS)];
    while (costs.length < 3 && Math.min(...costs) > 3 * JOBS) {
      costs.push(await costOf(JOBS * (costs.length + 1)));
    }
    query.mockRestore();
    expect(Math.min(...costs)).toBeLessThanOrEqual(3 * JOBS);
    await plane.close();
  });
});

describe("a chore", () => {
  it("is done by one server at a time, and again once its time has come", async () => {
    const chore = unique("chore");
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    let isBegun = false;
    const first = store.alone(chore, 60_000, () => {
      isBegun = true;
      return held;
    });
    const never = async (): Promise<void> => expect.unreachable();
    await until(() => isBegun);
    expect(await other.alone(chore, 0, never)).toBe(false);
    go();
    expect(await first).toBe(true);
    // It was done just now.
    expect(await other.alone(chore, 60_000, never)).toBe(false);
    expect(await other.alone(chore, -1, async () => {})).toBe(true);
    const failed = store.alone(chore, -1, () => Promise.reject(new Error("not now")));
    await expect(failed).rejects.toThrow("not now");
    // A server that fails at it, or goes down, leaves it to others.
    let calls = 0;
    const work = async (): Promise<void> => {
      calls += 1;
    };
    const all = await Promise.all([store, other].map((each) => each.alone(chore, -1, work)));
    expect(all.filter(Boolean).length).toBe(calls);
    expect(calls).toBeGreaterThan(0);
  });
});

describe("records of executions", () => {
  it("add up over servers that write at once, in whatever order, without a deadlock", async () => {
    const tenants = ["a", "b", "c"].map(unique);
    const startedAt = new Date();
    const day = startedAt.toISOString().slice(0, 10);
    const batches = 24;
    const each = Array.from({ length: batches }, (_, batch) => {
      const rows = Array.from({ length: 60 }, (_, n) => ({
        ...execution(tenants[n % 3] ?? "", { startedAt, function: `f${n % 7}` }),
        outcome: n % 2 === 0 ? ("ok" as const) : ("timeout" as const),
        denied: batch % 3 === 0 ? undefined : [{ kind: "net", subject: `h${n % 9}`, count: 1 }],
        reserved: batch % 2 === 0 ? undefined : { node: "n", day },
      }));
      return batch % 2 === 0 ? rows : rows.reverse();
    });
    await Promise.all(each.map((rows, n) => (n % 2 === 0 ? store : other).executions.record(rows)));
    for (const tenant of tenants) {
      const total = await store.usage.total({ from: day, to: day, tenant });
      expect(total).toMatchObject({ executions: batches * 20, cpu: batches * 20 * 1.5 });
      expect((await store.executions.used(tenant, startedAt)).executions).toBe(batches * 20);
      const denials = await store.usage.denials(tenant, { from: day, to: day }, 1_000);
      expect(denials.reduce((sum, { count }) => sum + count, 0)).toBe((batches * 20 * 2) / 3);
    }
  });
});
