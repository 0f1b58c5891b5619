import {
  and,
  count,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lte,
  notInArray,
  or,
  sql,
} from "drizzle-orm";
import type { JobRow, Jobs } from "../contract/jobs.ts";
import { type Database, fromNow, inChunks, isUuid, type Transact } from "./database.ts";
import { jobs } from "./schema.ts";
import { roomFor } from "./storage.ts";

const {
  owner: _owner,
  claimedUntil: _claimedUntil,
  notifyAt: _notifyAt,
  tries: _tries,
  request: _request,
  ...columns
} = getTableColumns(jobs);

/** Request as the stored text. */
const REQUEST = sql<string>`${jobs.request}`;

/** Condition for waiting jobs, including those whose claim has expired. */
const WAITS = and(
  inArray(jobs.state, ["queued", "running"]),
  or(isNull(jobs.claimedUntil), sql`${jobs.claimedUntil} < now()`),
);

const RUNS = sql`${jobs.state} = 'running' and ${jobs.claimedUntil} >= now()`;

const PENDING = isNull(jobs.finishedAt);

const AGE = sql<number>`(extract(epoch from now() - ${jobs.acceptedAt}) * 1000)::float8`;

/** Changes that undo a claim. */
const UNCLAIMED = { state: "queued", owner: null, attempts: sql`${jobs.attempts} - 1` } as const;

/** Key of the advisory lock: any number that no other lock of this project has. */
const LOCK = 491_503_711;

export function drizzleJobs(db: Database, transact: Transact, defaultLimit: number): Jobs {
  const heldBy = (owner: string) => and(eq(jobs.owner, owner), eq(jobs.state, "running"));
  const held = (owner: string, id: string) => and(eq(jobs.id, id), heldBy(owner));

  return {
    accept: (job, most, limit = defaultLimit) =>
      transact(async (tx) => {
        // Concurrent calls for the same tenant count only after this one's insert.
        await tx.execute(sql`select pg_advisory_xact_lock(${LOCK}, hashtext(${job.tenant}))`);
        const [row] = await tx
          .select({ jobs: count() })
          .from(jobs)
          .where(and(eq(jobs.tenant, job.tenant), PENDING));
        if ((row?.jobs ?? 0) >= most) return false;
        const room = tx.$with("room", {}).as(roomFor(job.tenant, limit, ["jobs"]));
        await tx.with(room).insert(jobs).values(job);
        return true;
      }),

    async get(tenant, id) {
      if (!isUuid(id)) return undefined;
      const [row] = await db
        .select(columns)
        .from(jobs)
        .where(and(eq(jobs.tenant, tenant), eq(jobs.id, id)));
      return row;
    },

    async has(tenant, id) {
      if (!isUuid(id)) return false;
      const [row] = await db
        .select({ id: jobs.id })
        .from(jobs)
        .where(and(eq(jobs.tenant, tenant), eq(jobs.id, id)));
      return row !== undefined;
    },

    async claim(owner, lease, limit, most = {}) {
      // Running jobs count as turns, so that a tenant with many comes after one without any.
      const turn = sql<number>`row_number() over (partition by ${jobs.tenant}
        order by (${RUNS}) desc, ${jobs.id})`;
      const place = sql<number>`row_number() over (partition by ${jobs.tenant}, (${RUNS}) order by ${jobs.id})`;
      const waiting = db.$with("waiting").as(
        db
          .select({ id: jobs.id, turn: turn.as("turn"), place: place.as("place") })
          .from(jobs)
          .where(and(PENDING, or(WAITS, RUNS))),
      );
      // Rows locked by another claim belong to that one.
      const picked = db
        .with(waiting)
        .select({ id: jobs.id })
        .from(jobs)
        .innerJoin(waiting, eq(jobs.id, waiting.id))
        .where(and(WAITS, sql`${waiting.place} <= ${numberOf(most, limit)}`))
        .orderBy(waiting.turn, jobs.id)
        .limit(limit)
        .for("update", { skipLocked: true });
      const rows = await db
        .update(jobs)
        .set({
          state: "running",
          owner,
          claimedUntil: fromNow(lease),
          attempts: sql`${jobs.attempts} + 1`,
        })
        .where(inArray(jobs.id, picked))
        .returning({ ...columns, request: REQUEST, age: AGE });
      return rows.sort(byId);
    },

    async renew(owner, lease, ids) {
      const renewed = await db
        .update(jobs)
        .set({ claimedUntil: fromNow(lease) })
        .where(and(heldBy(owner), inArray(jobs.id, [...ids])))
        .returning({ id: jobs.id });
      return renewed.map(({ id }) => id);
    },

    async giveBack(owner, except) {
      const given = await db
        .update(jobs)
        .set({ ...UNCLAIMED, claimedUntil: null })
        .where(and(heldBy(owner), notInArray(jobs.id, [...except])))
        .returning({ id: jobs.id });
      return given.length;
    },

    async finish(owner, id, answer) {
      if (!isUuid(id)) return false;
      const done = await db
        .update(jobs)
        .set({
          state: "done",
          request: {},
          answer,
          finishedAt: sql`now()`,
          notify: sql`${isNotNull(jobs.callback)}`,
          notifyAt: sql`now()`,
        })
        .where(held(owner, id))
        .returning({ id: jobs.id });
      return done.length > 0;
    },

    async release(owner, id, pause) {
      if (!isUuid(id)) return;
      await db
        .update(jobs)
        .set({ ...UNCLAIMED, claimedUntil: fromNow(pause) })
        .where(held(owner, id));
    },

    async cancel(tenant, id) {
      if (!isUuid(id)) return false;
      const cancelled = await db
        .update(jobs)
        .set({ state: "cancelled", request: {}, finishedAt: sql`now()` })
        .where(and(eq(jobs.tenant, tenant), eq(jobs.id, id), PENDING))
        .returning({ id: jobs.id });
      return cancelled.length > 0;
    },

    async claimCallbacks(lease, limit, { busy = {}, each = limit } = {}) {
      const isDue = and(jobs.notify, lte(jobs.notifyAt, sql`now()`));
      const turn = sql<number>`row_number() over (partition by ${jobs.tenant} order by ${jobs.notifyAt})
        + ${numberOf(busy, 0)}`;
      const waiting = db.$with("waiting").as(
        db
          .select({ id: jobs.id, turn: turn.as("turn") })
          .from(jobs)
          .where(isDue),
      );
      const due = db
        .with(waiting)
        .select({ id: jobs.id })
        .from(jobs)
        .innerJoin(waiting, eq(jobs.id, waiting.id))
        .where(and(isDue, lte(waiting.turn, each)))
        .orderBy(waiting.turn, jobs.notifyAt)
        .limit(limit)
        .for("update", { skipLocked: true });
      const rows = await db
        .update(jobs)
        .set({ notifyAt: fromNow(lease), tries: sql`${jobs.tries} + 1` })
        .where(inArray(jobs.id, due))
        .returning({
          id: jobs.id,
          tenant: jobs.tenant,
          callback: jobs.callback,
          tries: jobs.tries,
        });
      return rows.sort(byId);
    },

    async notified(id, pause) {
      if (!isUuid(id)) return;
      const change =
        pause === null ? { notify: false, notifyAt: null } : { notifyAt: fromNow(pause) };
      await db.update(jobs).set(change).where(eq(jobs.id, id));
    },

    async pending(tenant) {
      const [row] = await db
        .select({ jobs: count() })
        .from(jobs)
        .where(and(eq(jobs.tenant, tenant), PENDING));
      return row?.jobs ?? 0;
    },

    prune: (age) =>
      inChunks((limit) => {
        const old = db
          .select({ id: jobs.id })
          .from(jobs)
          .where(sql`${jobs.finishedAt} < ${fromNow(-age)}`)
          .limit(limit);
        return db.delete(jobs).where(inArray(jobs.id, old)).returning({ id: jobs.id });
      }),
  };
}

/** Looks up a number by the row's tenant. */
function numberOf(numbers: Readonly<Record<string, number>>, otherwise: number) {
  return sql`coalesce((${JSON.stringify(numbers)}::json ->> ${jobs.tenant})::int, ${otherwise}::int)`;
}

/** Compares jobs by id, because `update` returns rows in any order. */
function byId(a: Pick<JobRow, "id">, b: Pick<JobRow, "id">): number {
  return a.id < b.id ? -1 : 1;
}
