import {
  and,
  count,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lte,
  or,
  sql,
} from "drizzle-orm";
import type { JobRow, Jobs } from "../jobs.ts";
import { type Database, inChunks, isUuid } from "./database.ts";
import { jobs } from "./schema.ts";
import { roomFor } from "./storage.ts";

const {
  owner: _owner,
  claimedUntil: _claimedUntil,
  notifyAt: _notifyAt,
  tries,
  ...columns
} = getTableColumns(jobs);

/** Over what has not been finished: by the database's clock, the only one that all hosts share. */
const WAITS = and(
  inArray(jobs.state, ["queued", "running"]),
  or(isNull(jobs.claimedUntil), sql`${jobs.claimedUntil} < now()`),
);

const RUNS = sql`${jobs.state} = 'running' and ${jobs.claimedUntil} >= now()`;

const PENDING = isNull(jobs.finishedAt);

export function drizzleJobs(db: Database, defaultLimit: number): Jobs {
  const held = (owner: string, id: string) =>
    and(eq(jobs.id, id), eq(jobs.owner, owner), eq(jobs.state, "running"));

  return {
    async accept(job, limit = defaultLimit) {
      const room = db.$with("room", {}).as(roomFor(job.tenant, limit, ["jobs"]));
      await db.with(room).insert(jobs).values(job);
    },

    async get(tenant, id) {
      if (!isUuid(id)) return undefined;
      const [row] = await db
        .select(columns)
        .from(jobs)
        .where(and(eq(jobs.tenant, tenant), eq(jobs.id, id)));
      return row;
    },

    async claim(owner, until, limit, most = {}) {
      // Those that run have had a turn: whoever has many of them comes after whoever has none.
      const turn = sql<number>`row_number() over (partition by ${jobs.tenant}
        order by (${RUNS}) desc, ${jobs.id})`;
      const place = sql<number>`row_number() over (partition by ${jobs.tenant}, (${RUNS}) order by ${jobs.id})`;
      const waiting = db.$with("waiting").as(
        db
          .select({ id: jobs.id, turn: turn.as("turn"), place: place.as("place") })
          .from(jobs)
          .where(and(PENDING, or(WAITS, RUNS))),
      );
      // Locked by another claim: that one has it.
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
          claimedUntil: fromNow(until),
          attempts: sql`${jobs.attempts} + 1`,
        })
        .where(inArray(jobs.id, picked))
        .returning(columns);
      return rows.sort(byId);
    },

    async renew(owner, until) {
      const held = await db
        .update(jobs)
        .set({ claimedUntil: fromNow(until) })
        .where(and(eq(jobs.owner, owner), eq(jobs.state, "running")))
        .returning({ id: jobs.id });
      return held.map(({ id }) => id);
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

    async release(owner, id, until) {
      if (!isUuid(id)) return;
      const attempts = sql`${jobs.attempts} - 1`;
      await db
        .update(jobs)
        .set({ state: "queued", owner: null, claimedUntil: fromNow(until), attempts })
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

    async claimCallbacks(now, until, limit, busy = {}) {
      const isDue = and(jobs.notify, lte(jobs.notifyAt, now));
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
        .where(isDue)
        .orderBy(waiting.turn, jobs.notifyAt)
        .limit(limit)
        .for("update", { skipLocked: true });
      const rows = await db
        .update(jobs)
        .set({ notifyAt: until, tries: sql`${jobs.tries} + 1` })
        .where(inArray(jobs.id, due))
        .returning({ ...columns, tries });
      return rows.sort(byId);
    },

    async notified(id, next) {
      if (!isUuid(id)) return;
      const change = next === null ? { notify: false, notifyAt: null } : { notifyAt: next };
      await db.update(jobs).set(change).where(eq(jobs.id, id));
    },

    async pending(tenant) {
      const [row] = await db
        .select({ jobs: count() })
        .from(jobs)
        .where(and(eq(jobs.tenant, tenant), PENDING));
      return row?.jobs ?? 0;
    },

    prune: (before) =>
      inChunks((limit) => {
        const old = db
          .select({ id: jobs.id })
          .from(jobs)
          .where(sql`${jobs.finishedAt} < ${before}`)
          .limit(limit);
        return db.delete(jobs).where(inArray(jobs.id, old)).returning({ id: jobs.id });
      }),
  };
}

/** What is said of the row's tenant, by ids of tenants. */
function numberOf(numbers: Readonly<Record<string, number>>, otherwise: number) {
  return sql`coalesce((${JSON.stringify(numbers)}::json ->> ${jobs.tenant})::int, ${otherwise}::int)`;
}

/** A time of this host's clock as one of the database's. */
function fromNow(until: Date) {
  return sql`now() + ${until.getTime() - Date.now()} * interval '1 millisecond'`;
}

/** `update` returns them in any order. */
function byId(a: JobRow, b: JobRow): number {
  return a.id < b.id ? -1 : 1;
}
