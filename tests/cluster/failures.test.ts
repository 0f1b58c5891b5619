/** Tests what servers of one PostgreSQL do when a step fails in the middle, a lock is held, or a listener is deaf. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { ChannelRelay } from "../../server/cluster/channel-relay.ts";
import { type Batch, readArrival, referenceText } from "../../server/cluster/channel-text.ts";
import { LeasesOfServer } from "../../server/quotas/leases-of-server.ts";
import { Retention } from "../../server/runs/retention.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { StoreUnavailable } from "../../server/store/contract/store-errors.ts";
import { CASING } from "../../server/store/drizzle/database.ts";
import { dropDays } from "../../server/store/drizzle/execution-days.ts";
import { connectionOptions } from "../../server/store/hosts/connection.ts";
import { PostgresNotices } from "../../server/store/notices/postgres-notices.ts";
import { openStore } from "../../server/store/open.ts";

import { NO_LIMITS } from "../../server/tenants/limits.ts";
import { ChannelRouter } from "../../src/channels/channels.ts";
import { until } from "../contract/engine-contract.ts";
import { execution, job, kept, unique } from "../helpers/store-rows.ts";

const DAY = 86_400_000;

let postgres: Postgres;
let store: Store;

beforeAll(async () => {
  postgres = await Postgres.start();
  store = await openStore(postgres.url());
});
afterAll(async () => {
  await store.close();
  await postgres.stop();
});

/** Makes an id of a time. */
function idOf(time: number): string {
  const text = time.toString(16).padStart(12, "0");
  return `${text.slice(0, 8)}-${text.slice(8)}-7000-8000-${randomUUID().slice(-12)}`;
}

it("deletes the logs of a day that a server took out before it went down", async () => {
  const tenant = unique("tenant");
  const day = (Math.floor(Date.now() / DAY) + 2) * DAY;
  const id = idOf(day);
  await store.executions.prepare();
  const row = execution(tenant, { id, startedAt: new Date(day) });
  await store.executions.record([{ ...row, logs: kept([{ a: 1 }]) }]);
  const name = `executions_${new Date(day).toISOString().slice(0, 10).replaceAll("-", "")}`;
  const [out] = await postgres.query(
    `select isolate.detach_execution_day('${name}', now() + interval '9 days') as is_out`,
  );
  expect(out?.is_out).toBe(true);
  expect(await store.executions.get(tenant, id)).toBeUndefined();
  expect(await store.logs.get(tenant, id)).toBeDefined();
  await store.executions.prune(30 * DAY);
  expect(await store.logs.get(tenant, id)).toBeUndefined();
  expect((await store.storage.used(tenant)).kinds.logs.count).toBe(0);
});

it("deletes a day of any size, in parts that a statement can count", async () => {
  const [tenant, other] = [unique("tenant"), unique("other")];
  await store.executions.prepare();
  const ids = Array.from({ length: 7_000 }, () => idOf(Date.now()));
  const startedAt = new Date();
  const rows = ids.map((id, n) => execution(n % 2 ? tenant : other, { id, startedAt }));
  await store.executions.record(rows);
  // The table from before the partitions takes today's, too.
  const pool = new pg.Pool({ connectionString: postgres.url() });
  const query = vi.spyOn(pg.Client.prototype, "query");
  const db = drizzle({ client: pool, casing: CASING });
  expect(await dropDays(db, -9 * DAY, 0)).toBeGreaterThanOrEqual(rows.length);
  const statements = query.mock.calls.map(([text]) => JSON.stringify(text));
  query.mockRestore();
  expect(
    statements.filter((text) => text.includes("delete from") && text.includes("ctid")),
  ).toHaveLength(2);
  for (const id of [tenant, other]) {
    expect((await store.storage.used(id)).kinds.executions).toEqual({ bytes: 0, count: 0 });
  }
  expect(await store.executions.list(tenant, { limit: 9 })).toEqual([]);
  await pool.end();
});

it("keeps executions of a long time in few parts, which a list of them has to lock", async () => {
  const widths: unknown[] = [];
  const prepare = async (width: number): Promise<void> => void widths.push(width);
  const parts = { ...store, executions: { ...store.executions, prepare } };
  for (const days of [1, 30, 3_650])
    await new Retention({ store: parts, days, onError: () => {} }).prune();
  expect(widths).toEqual([1, 2, 244]);
  await store.executions.prune(-999 * DAY);
  for (const width of [30, 1, 30]) await store.executions.prepare(width);
  const days = await postgres.query(`select
      (('x' || substring(replace(behind::text, '-', '') for 12))::bit(48)::bigint / ${DAY} % 30)::int as rest
    from isolate.execution_days where is_attached`);
  // Two, if the next days are in another multiple.
  expect(days.length).toBeLessThanOrEqual(2);
  expect(days.every(({ rest }) => rest === 0)).toBe(true);
  const tenant = unique("tenant");
  const row = execution(tenant, { id: idOf(Date.now()) });
  await store.executions.record([row]);
  const [other] = await postgres.query(
    `select count(*)::int as n from isolate.executions_other where id = '${row.id}'`,
  );
  expect(other?.n).toBe(0);
});

it("deletes the other old records, though one kind of them cannot be", async () => {
  const errors: unknown[] = [];
  const failure = new StoreUnavailable("Locked");
  const prune = (): never => {
    throw failure;
  };
  const broken = { ...store, executions: { ...store.executions, prepare: prune, prune } };
  const retention = new Retention({
    store: broken as unknown as Store,
    days: 30,
    onError: (error) => void errors.push(error),
  });
  await postgres.query(
    "insert into isolate.usage (tenant, day) values ('long-gone', '2020-01-01')",
  );
  await expect(retention.prune()).rejects.toBe(failure);
  expect(errors).toEqual([failure]);
  expect(await postgres.query("select from isolate.usage where tenant = 'long-gone'")).toEqual([]);
});

it("leaves the rest of the queue of notices to changes, while a listener does not read it", async () => {
  await postgres.query(`set role app; create schema stand_in;
    create function stand_in.pg_notification_queue_usage() returns float8 language sql as 'select 0.3::float8'`);
  const full = await openStore(postgres.url("?options=-c%20search_path%3Dstand_in,pg_catalog"));
  const heard: string[] = [];
  const off = store.notices.onText("isolate:someone", (text) => void heard.push(text));
  try {
    await until(() => store.notices.connected);
    const id = randomUUID();
    const send = full.channels.send(
      [{ id, text: "{}" }],
      [{ address: "isolate:someone", text: "1" }],
    );
    await expect(send).rejects.toThrow(StoreUnavailable);
    expect(await store.channels.kept(id)).toBeUndefined();
    await until(async () => {
      await store.channels.send([], [{ address: "isolate:someone", text: "2" }]);
      return heard.length > 0;
    });
    expect(heard[0]).toBe("2");
    // A change of a tenant still finds its place.
    const told = new Promise((resolve) => store.notices.on("tenant", resolve));
    await full.tenants.put({ id: "told", settings: {}, secrets: null });
    expect(await told).toEqual({ kind: "tenant", tenant: "told" });
  } finally {
    off();
    await full.close();
  }
});

it("does not count a listener that takes LISTEN and hears nothing", async () => {
  // Another database stands in for a pooler of transactions.
  const url = new URL(postgres.url());
  url.pathname = "/postgres";
  const pool = new pg.Pool({ connectionString: postgres.url() });
  let sent = 0;
  const query = async (...args: Parameters<typeof pool.query>) => {
    const result = await pool.query(...args);
    sent += 1;
    return result;
  };
  const given = { connection: connectionOptions(url.href), pool: { query } as typeof pool };
  const deaf = new PostgresNotices(given);
  await until(() => sent > 0 || deaf.connected);
  await sleep(200);
  expect(deaf.connected).toBe(false);
  await deaf.close();
  const hears = new PostgresNotices({ ...given, connection: connectionOptions(postgres.url()) });
  await until(() => hears.connected);
  await hears.close();
  await pool.end();
});

it("stores answers while a renewal of the same jobs waits, in no circle", async () => {
  // Plans by ids, as with many running jobs: each in the order of those that it is given.
  await postgres.query("drop index isolate.jobs_running, isolate.jobs_claimed");
  const plans = ["seqscan", "bitmapscan", "hashjoin", "mergejoin"].map(
    (name) => `-c enable_${name}=off`,
  );
  const large = await openStore(postgres.url(`?options=${encodeURIComponent(plans.join(" "))}`));
  const [tenant, owner] = [unique("tenant"), unique("owner")];
  const ids = [1, 2, 3].map((n) => `00000000-0000-7000-8000-00000000000${n}`);
  for (const id of ids) await store.jobs.accept(job(tenant, { id }), 9);
  expect(await large.jobs.claim(owner, 60_000, 3)).toHaveLength(3);
  const holder = new pg.Client(postgres.url());
  await holder.connect();
  const waiting = (count: number) =>
    until(async () => (await postgres.connections("wait_event_type = 'Lock'")) === count);
  await holder.query("begin");
  await holder.query("select from isolate.jobs where id = $1 for update", [ids[1]]);
  const answer = { status: 200, body: "{}" };
  const finished = large.jobs.finishAll(
    owner,
    ids.toReversed().map((id) => ({ id, answer })),
  );
  finished.catch(() => {});
  await waiting(1);
  const renewed = large.jobs.renew(owner, 60_000, ids);
  renewed.catch(() => {});
  await waiting(2);
  await holder.query("commit");
  expect((await finished).toSorted()).toEqual(ids);
  expect(await renewed).toEqual([]);
  await holder.end();
  await large.close();
});

it("counts messages that find no room on their arrival, and sends none after its end", async () => {
  const [tenant, nodeId] = [unique("tenant"), unique("node")];
  const router = new ChannelRouter();
  const member = router.join(tenant);
  member.connect(() => true);
  member.subscribe("t");
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let sends = 0;
  let isAway = false;
  const slow = {
    ...store,
    channels: {
      ...store.channels,
      kept: () => (isAway ? Promise.reject(new Error("away")) : gate.then(() => undefined)),
      subscribers: async () => ["another"],
      send: async () => {
        sends += 1;
        await gate;
      },
    },
  };
  const relay = new ChannelRelay({ router, store: slow, nodeId, onError: () => {} });
  relay.start();
  await until(() => store.notices.connected);
  // PostgreSQL sends equal ones of a transaction once.
  const texts = Array.from({ length: 1_010 }, (_, n) => ({
    address: `isolate:${nodeId}`,
    text: JSON.stringify({ from: "x", tenant, messages: [["t", `${n}`]], lost: [["t", 2]] }),
  }));
  const reference = JSON.stringify({ from: "x", kept: randomUUID() });
  await until(async () => {
    // LISTEN is on its way.
    await store.channels.send([], [{ address: `isolate:${nodeId}`, text: reference }, ...texts]);
    await sleep(50);
    return member.dropped > 0;
  });
  expect(member.dropped % 3).toBe(0);
  const other = unique("tenant");
  const late = router.join(other);
  late.subscribe("t");
  isAway = true;
  // What is not where it was kept counts, too.
  const large = {
    from: "y",
    tenant: other,
    messages: [
      ["t", "1"],
      ["t", "2"],
    ],
    lost: [["t", 3]],
  };
  const gone = referenceText(large as unknown as Batch, randomUUID());
  expect(readArrival(gone)).toMatchObject({ tenant: other, counts: [["t", 5]] });
  await store.channels.send([], [{ address: `isolate:${nodeId}`, text: gone }]);
  await until(() => late.dropped === 5);
  router.join(tenant).emit("t", "1");
  await until(() => sends === 1);
  router.join(tenant).emit("t", "2");
  const closed = relay.close();
  open();
  await closed;
  await sleep(100);
  expect(sends).toBe(1);
});

it("keeps nothing of budgets that it could not ask for", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const reserve = async (): Promise<never> => {
    throw new StoreUnavailable();
  };
  const server = new LeasesOfServer({ ...store.leases, reserve }, "node");
  const take = async (): Promise<WeakRef<object>> => {
    const budget = { executions: 5 };
    const limits = { ...NO_LIMITS, budget };
    await server.budgets.take({ tenant: { id: "t" }, limits }).catch(() => {});
    return new WeakRef(budget);
  };
  const budgets: WeakRef<object>[] = [];
  for (let count = 0; count < 50; count += 1) budgets.push(await take());
  // Each is looked at once more when it has been idle for two seconds.
  await until(() => {
    collect();
    return budgets.filter((budget) => budget.deref() !== undefined).length < 5;
  }, 200);
  await server.close();
});

it("gives leases back in a bounded time, if the store does not answer", async () => {
  const given: string[] = [];
  const leases = {
    ...store.leases,
    charge: async () => {
      throw new StoreUnavailable();
    },
    giveAll: (node: string) => {
      given.push(node);
      return new Promise<void>(() => {});
    },
  };
  const server = new LeasesOfServer(leases, "node");
  server.budgets.charge("tenant", 5);
  await server.close();
  expect(given).toEqual(["node"]);
}, 20_000);
