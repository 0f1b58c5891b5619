import {
  and,
  type Column,
  count,
  eq,
  getTableColumns,
  inArray,
  isNull,
  notInArray,
  type SQL,
  sql,
} from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import type { Jobs, NewJob } from "../contract/jobs.ts";
import { type Database, fromNow, inChunks, isUuid } from "./database.ts";
import { claimsOfCallbacks, claimsOfJobs } from "./job-claims.ts";
import { listsOfJobs } from "./job-lists.ts";
import { jobs } from "./schema.ts";
import { roomFor } from "./storage.ts";

const {
  owner: _owner,
  claimedUntil: _claimedUntil,
  notifyAt: _notifyAt,
  notifier: _notifier,
  tries: _tries,
  request: _request,
  ...columns
} = getTableColumns(jobs);

const PENDING = isNull(jobs.finishedAt);

/** Changes that undo a claim. */
const UNCLAIMED = { state: "queued", owner: null, attempts: sql`${jobs.attempts} - 1` } as const;

export function drizzleJobs(db: Database, defaultLimit: number): Jobs {
  const heldBy = (owner: string) => and(eq(jobs.owner, owner), eq(jobs.state, "running"));
  const held = (owner: string, id: string) => and(eq(jobs.id, id), heldBy(owner));

  /**
   * Makes a list of an owner's running jobs, locked in the order of their ids. Whatever changes
   * several of them locks them so, or else two such statements may wait for each other.
   */
  const inOrder = (owner: string, which: SQL): SQL =>
    sql`select id from ${jobs} where ${heldBy(owner)} and ${which} order by id for update`;

  const finishAll: Jobs["finishAll"] = async (owner, finished) => {
    const known = finished.filter(({ id }) => isUuid(id));
    if (known.length === 0) return [];
    const given = known.map(
      ({ id, answer }) => sql`(${id}::uuid, ${sql.param(answer, jobs.answer)}::text)`,
    );
    const { rows } =
      (await db.execute(sql`with given (id, answer) as (values ${sql.join(given, sql`, `)}),
      locked as (${inOrder(owner, sql`id in (select id from given)`)})
      update ${jobs} as j
      set state = 'done', request = '{}', answer = given.answer, finished_at = now(),
        notify = callback is not null, notify_at = now()
      from given join locked using (id)
      where j.id = given.id returning j.id`)) as unknown as { rows: { id: string }[] };
    return rows.map(({ id }) => id);
  };

  return {
    async accept(job, most, limit = defaultLimit) {
      const { names, values } = insertedOf(job);
      // One statement, and one answer for it. The function waits for other calls of the tenant, so
      // that they count before this one.
      const { rows } = (await db.execute(sql`with room as (${roomFor(job.tenant, limit, ["jobs"])})
        insert into ${jobs} (${names}) select ${values}
        where isolate.may_accept_job(${sql.param(job.tenant, jobs.tenant)}::text, ${most}::int)
        returning id`)) as unknown as { rows: unknown[] };
      return rows.length > 0;
    },

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

    list: listsOfJobs(db),

    claim: claimsOfJobs(db),

    async renew(owner, lease, ids) {
      const renewed = await db
        .update(jobs)
        .set({ claimedUntil: fromNow(lease) })
        .where(inArray(jobs.id, sql`(${inOrder(owner, inArray(jobs.id, [...ids]))})`))
        .returning({ id: jobs.id });
      return renewed.map(({ id }) => id);
    },

    async giveBack(owner, except) {
      const given = await db
        .update(jobs)
        .set({ ...UNCLAIMED, claimedUntil: null })
        .where(inArray(jobs.id, sql`(${inOrder(owner, notInArray(jobs.id, [...except]))})`))
        .returning({ id: jobs.id });
      return given.length;
    },

    finish: async (owner, id, answer) => (await finishAll(owner, [{ id, answer }])).length > 0,
    finishAll,

    async release(owner, id, pause) {
      if (!isUuid(id)) return;
      await db
        .update(jobs)
        .set({ ...UNCLAIMED, claimedUntil: pause > 0 ? fromNow(pause) : null })
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

    claimCallbacks: claimsOfCallbacks(db),

    async notified(owner, id, pause) {
      if (!isUuid(id)) return false;
      const change =
        pause === null ? { notify: false, notifyAt: null } : { notifyAt: fromNow(pause) };
      const changed = await db
        .update(jobs)
        .set(change)
        .where(and(eq(jobs.id, id), jobs.notify, eq(jobs.notifier, owner)))
        .returning({ id: jobs.id });
      return changed.length > 0;
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

/** Makes the columns and values of a new row. */
function insertedOf(job: NewJob): { names: SQL; values: SQL } {
  const columns: Record<string, Column> = getTableColumns(jobs);
  const given = Object.entries(job).flatMap(([key, value]) => {
    const column = columns[key];
    return column === undefined ? [] : [{ key, value: value as unknown, column }];
  });
  const names = given.map(({ key }) => sql.identifier(toSnakeCase(key)));
  const values = given.map(
    ({ value, column }) => sql`${sql.param(value, column)}::${sql.raw(column.getSQLType())}`,
  );
  return { names: sql.join(names, sql`, `), values: sql.join(values, sql`, `) };
}
