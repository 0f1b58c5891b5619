/** Tests a store whose statements go through a real PgBouncer in transaction mode. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { StoreUnavailable } from "../../server/store/contract/store-errors.ts";
import { connectionOptions } from "../../server/store/hosts/connection.ts";
import { PostgresNotices } from "../../server/store/notices/postgres-notices.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { storeContract } from "../contract/store-contract.ts";
import { ControlPlane } from "../helpers/control-plane.ts";
import { PGBOUNCER, PgBouncer } from "../helpers/pgbouncer.ts";

const JOBS = 40;

let postgres: Postgres;
let bouncer: PgBouncer;
const open = () => openStore(bouncer.url(postgres.url()), { directUrl: postgres.url() });

describe.skipIf(PGBOUNCER === undefined)("behind PgBouncer", () => {
  beforeAll(async () => {
    postgres = await Postgres.start();
    bouncer = await PgBouncer.start(postgres);
  });
  afterAll(async () => {
    await bouncer.stop();
    await postgres.stop();
  });

  it("is not taken for a connection that hears of changes", async () => {
    const pool = new pg.Pool({ connectionString: postgres.url() });
    let sent = 0;
    const query = async (...args: Parameters<typeof pool.query>) => {
      const result = await pool.query(...args);
      sent += 1;
      return result;
    };
    // One of its own: LISTEN stays on its connections to the server.
    const listened = await PgBouncer.start(postgres);
    const connection = connectionOptions(listened.url(postgres.url()));
    const notices = new PostgresNotices({ connection, pool: { query } as typeof pool });
    await until(() => sent > 0 || notices.connected);
    await sleep(200);
    expect(notices.connected).toBe(false);
    await notices.close();
    await listened.stop();
    await pool.end();
  });

  it("serves executions, jobs and idempotent requests by two servers", async () => {
    const planes = [new ControlPlane(await open()), new ControlPlane(await open())];
    const servers = planes.map((plane) => plane.serve());
    for (const { services } of servers) services.start();
    const [first, second] = servers as [(typeof servers)[0], (typeof servers)[0]];
    const { post, get, authorization } = await first.tenant("acme", { concurrency: 20 });
    const body = { code: "export default () => 1", sandbox: "container" };
    const once = { "idempotency-key": "0123456789" };
    const prefer = { prefer: "respond-async" };
    const answers = await Promise.all(
      Array.from({ length: JOBS }, () => [
        post("/execute", body),
        post("/execute", body, once),
        post("/execute", body, prefer),
      ]).flat(),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 202]);
    const ids = await Promise.all(
      answers.filter(({ status }) => status === 202).map(async (one) => (await one.json()).id),
    );
    expect(ids).toHaveLength(JOBS);
    const headers = { authorization };
    await until(async () => {
      const job = async (id: string) =>
        (await second.app.request(`/jobs/${id}`, { headers })).json();
      return (await Promise.all(ids.map(job))).every(({ status }) => status === "done");
    });
    // All of the plain ones, one for the key, and the jobs.
    await until(async () => (await get("/tenant")).used.executions === 2 * JOBS + 1);
    expect([...(planes[0]?.errors ?? []), ...(planes[1]?.errors ?? [])]).toEqual([]);
    for (const { services } of servers) services.goneTenants.close();
    await Promise.all(planes.map((plane) => plane.close()));
  });

  it("leaves nothing on the connections that others get", async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 20 }, () => store.ping()));
    const client = new pg.Client(bouncer.url(postgres.url()));
    await client.connect();
    for (let count = 0; count < 10; count += 1) {
      const { rows } = await client.query(`select current_setting('statement_timeout') as timeout,
        (select count(*)::int from pg_prepared_statements) as prepared,
        (select count(*)::int from pg_listening_channels()) as channels,
        (select count(*)::int from pg_locks where locktype = 'advisory') as locks`);
      expect(rows).toEqual([{ timeout: "0", prepared: 0, channels: 0, locks: 0 }]);
    }
    await client.end();
    await store.close();
  });

  // Last, because it leaves schedules whose tenants have settings of no control plane.
  storeContract("PostgreSQL behind PgBouncer", open);

  it("ends a transaction that waits too long at the server", async () => {
    const store = await open();
    const other = new pg.Client(postgres.url());
    await other.connect();
    await other.query("begin; lock table isolate.jobs in access exclusive mode");
    const error = await store.ping().catch((thrown: unknown) => thrown);
    expect((error as StoreUnavailable).told).toContain("statement timeout");
    expect(await postgres.connections("wait_event_type = 'Lock'")).toBe(0);
    await other.end();
    await store.close();
  });

  it("does not open without a URL of the server itself", async () => {
    const opened = openStore(bouncer.url(postgres.url()));
    await expect(opened).rejects.toThrow(/ISOLATE_STORE_DIRECT_URL/);
    // Nobody holds the lock of migrations.
    await (await open()).close();
  });
});
