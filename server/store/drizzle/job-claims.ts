import { type Column, getTableColumns, type SQL, sql } from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import type { ClaimedJob, DueCallback, Jobs } from "../contract/jobs.ts";
import { type Database, fromNow } from "./database.ts";
import {
  Heads,
  integer,
  type Line,
  type Looked,
  numbersOf,
  searched,
  tenantsWith,
  WINDOW,
} from "./job-heads.ts";
import { jobs, tenants } from "./schema.ts";

const {
  owner: _owner,
  claimedUntil: _claimedUntil,
  notifyAt: _notifyAt,
  notifier: _notifier,
  tries: _tries,
  ...CLAIMED
} = getTableColumns(jobs);
const COLUMNS = Object.entries(CLAIMED).map(([key, column]) => ({
  key,
  name: toSnakeCase(key),
  column: column as Column,
}));

/** Jobs that nobody has claimed, as in the index `jobs_waiting`. */
const WAITING: Line = {
  waits: sql`finished_at is null and claimed_until is null`,
  order: sql`id`,
};
/** Jobs with a claim or a pause, as in the index `jobs_held`. The first of a tenant is over first. */
const HELD: Line = {
  waits: sql`finished_at is null and claimed_until is not null`,
  order: sql`claimed_until`,
};
/** Jobs whose answer is to be sent, as in the index `jobs_callbacks`. */
const NOTIFIED: Line = { waits: sql`notify`, order: sql`notify_at` };

/** Lists of tenants within a statement. */
const WAITING_OF = sql`waiting_of`;
const HELD_OF = sql`held_of`;
const NOTIFIED_OF = sql`notified_of`;

/**
 * Claims jobs: the first rows of the tenants with the fewest running jobs. Reads two rows of each tenant, the first one
 * that waits and the first one with a claim or a pause. Of the chosen tenants it reads a few more.
 */
export function claimsOfJobs(db: Database): Jobs["claim"] {
  const heads = new Heads();
  return async (owner, lease, limit, most = {}) => {
    const rows = await heads.claim<Looked & Record<string, unknown>>(db, limit, (left, from) =>
      claim(owner, lease, left, from, most),
    );
    return rows.map(jobOf).sort(byId);
  };
}

function claim(
  owner: string,
  lease: number,
  limit: number,
  from: string,
  most: Readonly<Record<string, number>>,
): SQL {
  const returned = sql.join(
    COLUMNS.map(({ name }) => sql.identifier(name)),
    sql`, `,
  );
  return sql`with recursive ${tenantsWith(WAITING_OF, WAITING, from)},
    ${tenantsWith(HELD_OF, HELD, from)},
    bounds as (
      select tenant, min(jobs) as jobs from (
        ${numbersOf(most)} union all select id, 0 from ${tenants} where suspended_at is not null
      ) as each_bound group by tenant
    ),
    lines as (
      select distinct on (tenant) tenant, id, bool_or(is_over) over (partition by tenant) as has_over
      from (
        select tenant, id, false as is_over from ${WAITING_OF}
        union all select tenant, id, true from ${HELD_OF} where first < now()
      ) as heads
      order by tenant, id
    ),
    chosen as (
      select lines.tenant, has_over, running.jobs as running, bounds.jobs as most
      from lines left join bounds on bounds.tenant = lines.tenant
      cross join lateral (
        select count(*) as jobs from ${jobs} where state = 'running' and tenant = lines.tenant
          and claimed_until >= now()
      ) as running
      where bounds.jobs is null or bounds.jobs > 0
      order by running.jobs, lines.id limit ${searched(limit)}
    ),
    searched as (
      select line.id, chosen.running + line.place as turn
      from chosen cross join lateral (
        select id, row_number() over (order by id) as place
        from (
          (select id from (${firstOf(WAITING, limit)}) as waiting)
          union all (select id from (${firstOf(HELD, limit)}) as held where has_over and first < now())
        ) as both_kinds
        order by id limit ${searched(limit)}
      ) as line
      where chosen.most is null or line.place <= chosen.most
    ),
    picked as (
      select one.id from searched join ${jobs} as one on one.id = searched.id
      where finished_at is null and (claimed_until is null or claimed_until < now())
      order by searched.turn, one.id limit ${integer(limit)}
      for update of one skip locked
    ),
    claimed as (
      update ${jobs} set state = 'running', owner = ${sql.param(owner, jobs.owner)},
        claimed_until = ${fromNow(lease)}, attempts = attempts + 1
      where id in (select id from picked)
      returning ${returned}, (extract(epoch from now() - greatest(accepted_at,
        (select updated_at from ${tenants} where id = tenant))) * 1000)::float8 as age
    )
    select claimed.*, looked.seen, least(${lastTenant(WAITING_OF)}, ${lastTenant(HELD_OF)}) as last
    from (select count(*) as seen from searched) as looked left join claimed on true`;
}

/** Claims answers that are due to be sent, by the same way as jobs. */
export function claimsOfCallbacks(db: Database): Jobs["claimCallbacks"] {
  const heads = new Heads();
  return async (owner, lease, limit, { busy = {}, each = limit } = {}) => {
    const rows = await heads.claim<Looked & DueCallback>(db, limit, (left, from) =>
      claimCallbacks(owner, lease, left, from, { busy, each }),
    );
    return rows
      .map(({ id, tenant, callback, tries }) => ({ id, tenant, callback, tries }))
      .sort(byId);
  };
}

function claimCallbacks(
  owner: string,
  lease: number,
  limit: number,
  from: string,
  { busy, each }: { readonly busy: Readonly<Record<string, number>>; readonly each: number },
): SQL {
  return sql`with recursive ${tenantsWith(NOTIFIED_OF, NOTIFIED, from)},
    busy as (${numbersOf(busy)}),
    chosen as (
      select due.tenant, coalesce(busy.jobs, 0) as busy
      from ${NOTIFIED_OF} as due left join busy on busy.tenant = due.tenant
      where first <= now() and coalesce(busy.jobs, 0) < ${integer(each)}
        and due.tenant not in (select id from ${tenants} where suspended_at is not null)
      order by coalesce(busy.jobs, 0), first limit ${searched(limit)}
    ),
    searched as (
      select line.id, chosen.busy + line.place as turn, line.notify_at
      from chosen cross join lateral (
        select id, first as notify_at, row_number() over (order by first) as place
        from (${firstOf(NOTIFIED, limit)}) as due
        where first <= now()
      ) as line
      where chosen.busy + line.place <= ${integer(each)}
    ),
    picked as (
      select one.id from searched join ${jobs} as one on one.id = searched.id
      where one.notify and one.notify_at <= now()
      order by searched.turn, searched.notify_at limit ${integer(limit)}
      for update of one skip locked
    ),
    claimed as (
      update ${jobs} set notify_at = ${fromNow(lease)}, tries = tries + 1,
        notifier = ${sql.param(owner, jobs.notifier)}
      where id in (select id from picked)
      returning id, tenant, callback, tries
    )
    select claimed.*, looked.seen, ${lastTenant(NOTIFIED_OF)} as last
    from (select count(*) as seen from searched) as looked left join claimed on true`;
}

/**
 * Makes a list of the first rows in a chosen tenant's line. Takes them from all lines from there on,
 * so that the planner sees an order to follow. By the tenant alone, it may read and sort the tenant's
 * whole line, or all jobs by their ids.
 */
function firstOf({ waits, order }: Line, limit: number): SQL {
  return sql`select id, first from (
    select tenant, id, ${order} as first from ${jobs} where ${waits} and tenant >= chosen.tenant
    order by tenant, ${order} limit ${searched(limit)}
  ) as next where tenant = chosen.tenant`;
}

/** Finds the last tenant of a full window. `least` of two is that up to which both lists are complete. */
function lastTenant(list: SQL): SQL {
  return sql`(select tenant from ${list} where place = ${integer(WINDOW)})`;
}

function jobOf(row: Readonly<Record<string, unknown>>): ClaimedJob {
  const values = COLUMNS.map(({ key, name, column }) => {
    const value = row[name] ?? null;
    // A request stays text.
    const isText = value === null || key === "request";
    return [key, isText ? value : column.mapFromDriverValue(value)] as const;
  });
  return { ...Object.fromEntries(values), age: row.age } as unknown as ClaimedJob;
}

/** Compares jobs by id, because `update` returns rows in any order. */
function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
