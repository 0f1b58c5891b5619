/**
 * Tests what claiming costs, in rows and index entries that PostgreSQL reads. They do not depend on
 * the machine, and the number of waiting jobs must not show in them.
 */
import { PGlite } from "@electric-sql/pglite";
import { sql } from "drizzle-orm";
import { drizzle as drizzleNode } from "drizzle-orm/node-postgres";
import { drizzle as drizzlePGlite } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import type { Jobs } from "../../server/store/contract/jobs.ts";
import { CASING, type Database } from "../../server/store/drizzle/database.ts";
import { drizzleJobs } from "../../server/store/drizzle/jobs.ts";
import { MIGRATIONS } from "../../server/store/drizzle/migrations.ts";
import { openStore } from "../../server/store/open.ts";
import { SOAK } from "../helpers/soak.ts";

const MINUTE = 60_000;
/** Most rows and entries that a claim may read, whatever waits: its window, and a few rows of a few tenants. */
const MOST_READ = 2_500;
/** Rows of the forms of waiting that are filled in beside the plain one. */
const SOME = SOAK ? 20_000 : 10_000;

interface Stage {
  readonly db: Database;
  close(): Promise<void>;
}

async function onPostgres(): Promise<Stage> {
  const postgres = await Postgres.start();
  await (await openStore(postgres.url())).close();
  const client = new pg.Client(postgres.url());
  await client.connect();
  const close = async (): Promise<void> => {
    await client.end();
    await postgres.stop();
  };
  return { db: drizzleNode({ client, casing: CASING }) as unknown as Database, close };
}

async function onPGlite(): Promise<Stage> {
  const client = await PGlite.create();
  const db = drizzlePGlite({ client, casing: CASING });
  await migrate(db, MIGRATIONS);
  return { db: db as unknown as Database, close: () => client.close() };
}

/** PGlite plans the same statements by the same planner, and is several times slower. */
const STAGES = [
  { name: "PostgreSQL", open: onPostgres, many: SOAK ? 100_000 : 20_000 },
  ...(SOAK ? [{ name: "PGlite", open: onPGlite, many: 20_000 }] : []),
];

describe.each(STAGES)("a claim on $name", ({ open, many }) => {
  let stage: Stage;
  let jobs: Jobs;

  beforeAll(async () => {
    stage = await open();
    jobs = drizzleJobs(stage.db, 1e15);
  }, 120_000);
  afterAll(() => stage.close());

  const run = async (statement: string): Promise<Record<string, unknown>[]> => {
    const { rows } = (await stage.db.execute(sql.raw(statement))) as unknown as {
      rows: Record<string, unknown>[];
    };
    return rows;
  };

  /**
   * Puts jobs in the place of all that are there, with the given columns. Those of one tenant come
   * after those of another, so that a search by id would read all of them.
   */
  async function fill(tenants: number, each: number, columns: Record<string, string> = {}) {
    const more = Object.entries(columns);
    await run("truncate isolate.jobs");
    await run("delete from isolate.storage");
    await run(`insert into isolate.jobs (id, tenant, request_id, request, accepted_at
        ${more.map(([name]) => `, ${name}`).join("")})
      select (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, 't' || (n - 1) / ${each}, '', '{}', now()
        ${more.map(([, value]) => `, ${value}`).join("")}
      from generate_series(1, ${tenants * each}) as n`);
    await run("analyze isolate.jobs");
  }

  /** Returns the number of rows and entries read so far, as this connection has counted them. */
  async function entries(): Promise<number> {
    const [row] = await run(`select (t.seq_tup_read + coalesce(t.idx_tup_fetch, 0)
        + (select sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) from pg_index as i
          where i.indrelid = t.relid))::float8 as entries
      from pg_stat_xact_user_tables as t where t.schemaname = 'isolate' and t.relname = 'jobs'`);
    return Number(row?.entries);
  }

  /** Counts what `work` reads of the jobs and their indexes. Undoes what it does. */
  async function read(work: () => Promise<unknown>): Promise<number> {
    await run("begin");
    try {
      const before = await entries();
      await work();
      return (await entries()) - before;
    } finally {
      await run("rollback");
    }
  }

  const claim = async (limit = 4, most = {}) => {
    const claimed = await jobs.claim("owner", MINUTE, limit, most);
    expect(claimed).toHaveLength(limit);
    return claimed;
  };

  it("reads as much of many waiting jobs as of a hundred", async () => {
    await fill(10, 10);
    const few = await read(() => claim());
    await fill(10, many / 10);
    const deep = await read(() => claim());
    await fill(SOME / 5, 5);
    const wide = await read(() => claim());
    await fill(10, SOME / 10, { claimed_until: "now() + interval '1 minute'" });
    await run(`update isolate.jobs set claimed_until = null
      where id in (select id from isolate.jobs limit 4)`);
    const paused = await read(() => claim());
    expect(
      Math.max(few, deep, wide, paused),
      JSON.stringify({ few, deep, wide, paused }),
    ).toBeLessThan(MOST_READ);
  });

  it("reads little where most tenants are at their limit, and where many claims are over", async () => {
    await fill(50, SOME / 50);
    const most = Object.fromEntries(Array.from({ length: 48 }, (_, n) => [`t${n}`, 0]));
    expect(await read(() => claim(8, most))).toBeLessThan(MOST_READ);
    await fill(50, SOME / 50, { claimed_until: "now() - interval '1 minute'" });
    expect(await read(() => claim())).toBeLessThan(MOST_READ);
  });

  it("comes to every tenant's claims and pauses that are over, whoever's are older", async () => {
    // Each tenant has some hundred that are older than all of the next one.
    const over = "now() - interval '1 hour' + n * interval '1 millisecond'";
    await fill(50, SOME / 50, { claimed_until: over });
    expect(new Set((await claim(50)).map(({ tenant }) => tenant)).size).toBe(50);
    // Half of the tenants wait, and half of them have claims that are over, more than a statement looks at.
    await fill(1_000, 2, { claimed_until: `case when n % 4 < 2 then ${over} end` });
    expect(await read(() => claim())).toBeLessThan(MOST_READ);
    const tenants = new Set<string>();
    for (let claims = 0; claims < 100; claims += 1) {
      for (const { tenant } of await claim(10)) tenants.add(tenant);
    }
    expect(tenants.size).toBe(1_000);
  });

  it("comes to every tenant though there are more than one statement looks at", async () => {
    await fill(1_000, 2);
    const tenants = new Set<string>();
    for (let claims = 0; claims < 100; claims += 1) {
      for (const { tenant } of await claim(10)) tenants.add(tenant);
    }
    expect(tenants.size).toBe(1_000);
  });

  it("reads as much of many due callbacks as of a hundred", async () => {
    const due = {
      notify: "true",
      notify_at: "now() - n * interval '1 millisecond'",
      state: "'done'",
      finished_at: "now()",
      callback: "''",
    };
    const take = async () => {
      const claimed = await jobs.claimCallbacks("owner", MINUTE, 8, { busy: { t1: 3 }, each: 4 });
      expect(claimed).toHaveLength(8);
    };
    await fill(10, 10, due);
    const few = await read(take);
    await fill(10, SOME / 10, due);
    const deep = await read(take);
    await fill(SOME / 5, 5, due);
    const wide = await read(take);
    expect(Math.max(few, deep, wide), JSON.stringify({ few, deep, wide })).toBeLessThan(MOST_READ);
  });
});
