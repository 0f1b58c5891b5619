import { type SQL, sql } from "drizzle-orm";
import type { RecordedExecution } from "../contract/executions.ts";
import { FURTHER_FUNCTIONS, MOST_FUNCTIONS, MOST_SUBJECTS } from "../contract/usage.ts";
import { budgetLeases, denials, usage, usageDetails } from "./server-tables.ts";

/** Current day in UTC, by the clock of the database. */
export const TODAY = sql`(clock_timestamp() at time zone 'UTC')::date`;

/** Outcome of processor time that a sandbox has used between executions. */
export const IDLE = "idle";

/**
 * Makes the end of a statement whose part `added` records executions. It adds all of them to the
 * details of their tenants' use, and those that ran to the use itself. It removes their
 * reservations, so that each is in one of the two sums. An execution counts for the day of its
 * reservation, or else for that on which it began. Without a measured CPU time, all time but the
 * wait for a sandbox counts.
 *
 * Each part waits for the one before. So all servers lock rows in the same order.
 */
export function countOf(rows: readonly RecordedExecution[]): SQL {
  const reserved = rows.flatMap(({ id, reserved }) => (reserved ? [{ id, ...reserved }] : []));
  const denied = rows.flatMap(({ id, denied = [] }) => denied.map((one) => ({ id, ...one })));
  const facts = sql`facts as (
    select a.id, a.tenant, r.node, coalesce(r.day, (a.started_at at time zone 'UTC')::date) as day,
      coalesce(a.function, '') as function, a.outcome, a.started_at,
      a.outcome not in ('refused', 'failed') as has_run,
      case when a.outcome in ('refused', 'failed') then coalesce(a.cpu, 0)
        else coalesce(a.cpu, a.wall - coalesce(a.queued, 0), a.duration) end as cpu,
      coalesce(a.wall, 0) as wall, coalesce(a.egress_bytes, 0) as egress, coalesce(a.bytes_out, 0) as bytes_out
    from added as a
    left join json_to_recordset(${JSON.stringify(reserved)}::json) as r (id uuid, node text, day date) on r.id = a.id
  ), ran as (select * from facts where has_run)`;
  const counted = sql`counted as (
    insert into ${usage} as u (tenant, day, executions, cpu)
    select ran.tenant, ran.day, count(*), sum(ran.cpu) from ran group by 1, 2 order by 1, 2
    on conflict (tenant, day) do update
      set executions = u.executions + excluded.executions, cpu = u.cpu + excluded.cpu
    returning 1)`;
  // Looks for what is known first, so that only a day's first execution of a function counts names.
  const detailed = sql`summed as (
    select f.tenant, f.day, f.function, f.outcome, count(*) as executions, sum(f.cpu) as cpu, sum(f.wall) as wall,
      sum(f.egress) as egress, sum(f.bytes_out) as bytes_out,
      f.function = '' or exists (select from ${usageDetails} as k
        where k.tenant = f.tenant and k.day = f.day and k.function = f.function) as is_known
    from facts as f where ${after("counted")} group by 1, 2, 3, 4
  ), named as (
    select s.*, s.is_known or dense_rank() over (partition by s.tenant, s.day, s.is_known order by s.function) + (
      select count(distinct k.function) from ${usageDetails} as k where not s.is_known
        and k.tenant = s.tenant and k.day = s.day and k.function not in ('', ${FURTHER_FUNCTIONS})
    ) <= ${MOST_FUNCTIONS} as fits
    from summed as s
  ), detailed as (
    insert into ${usageDetails} as u
      (tenant, day, function, outcome, executions, cpu, wall, egress_bytes, bytes_out)
    select n.tenant, n.day, case when n.fits then n.function else ${FURTHER_FUNCTIONS} end, n.outcome,
      sum(n.executions), sum(n.cpu), sum(n.wall), sum(n.egress), sum(n.bytes_out)
    from named as n group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (tenant, day, function, outcome) do update
      set executions = u.executions + excluded.executions, cpu = u.cpu + excluded.cpu,
        wall = u.wall + excluded.wall, egress_bytes = u.egress_bytes + excluded.egress_bytes,
        bytes_out = u.bytes_out + excluded.bytes_out
    returning 1)`;
  const parts = [facts, counted, detailed, ...(denied.length > 0 ? [deniedOf(denied)] : [])];
  const last = denied.length > 0 ? "denied" : "detailed";
  const all = sql.join(parts, sql`, `);
  if (reserved.length === 0) return sql`${all} select 1 where ${after(last)}`;
  // Locks in an order, as a renewal does.
  return sql`${all}, done as (
      select ran.tenant, ran.day, ran.node, count(*)::int as executions from ran where ${after(last)} group by 1, 2, 3
    ), locked as (
      select l.tenant, l.day, l.node from ${budgetLeases} as l where (l.tenant, l.day, l.node) in (
        select done.tenant, done.day, done.node from done) order by 1, 2, 3 for update
    )
    update ${budgetLeases} as l set reserved = greatest(0, l.reserved - done.executions)
    from locked join done using (tenant, day, node)
    where l.tenant = locked.tenant and l.day = locked.day and l.node = locked.node`;
}

/**
 * Makes the part that adds refused accesses. Subjects beyond the most of a tenant and day are one sum
 * for each kind.
 */
function deniedOf(denied: readonly object[]): SQL {
  return sql`subjects as (
      select f.tenant, f.day, f.function, d.kind, d.subject, sum(d.count) as count, max(f.started_at) as last_at
      from json_to_recordset(${JSON.stringify(denied)}::json) as d (id uuid, kind text, subject text, count bigint)
      join facts as f on f.id = d.id group by 1, 2, 3, 4, 5
    ), ranked as (
      select s.*, k.tenant is not null as is_known,
        row_number() over (partition by s.tenant, s.day order by k.tenant is null, s.function, s.kind, s.subject) as place,
        count(k.tenant) over (partition by s.tenant, s.day) as known
      from subjects as s left join ${denials} as k using (tenant, day, function, kind, subject)
    ), placed as (
      select r.*, r.is_known or r.place - r.known + (
        select count(*) from ${denials} as k where k.tenant = r.tenant and k.day = r.day) <= ${MOST_SUBJECTS} as fits
      from ranked as r
    ), denied as (
      insert into ${denials} as u (tenant, day, function, kind, subject, count, last_at)
      select p.tenant, p.day, case when p.fits then p.function else '' end, p.kind,
        case when p.fits then p.subject else '' end, sum(p.count), max(p.last_at)
      from placed as p where ${after("detailed")} group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
      on conflict (tenant, day, function, kind, subject) do update
        set count = u.count + excluded.count, last_at = greatest(u.last_at, excluded.last_at)
      returning 1)`;
}

/** Makes a condition that is true once a part of the statement has changed its rows. */
function after(part: "counted" | "detailed" | "denied"): SQL {
  return sql`(select count(*) from ${sql.identifier(part)}) >= 0`;
}

/** Makes a statement that adds processor time to today's use of tenants. */
export function chargeOf(charges: readonly { tenant: string; cpu: number }[]): SQL {
  return sql`with charged as (
      select c.tenant, ${TODAY} as day, sum(c.cpu) as cpu
      from json_to_recordset(${JSON.stringify(charges)}::json) as c (tenant text, cpu float8) group by 1, 2
    ), counted as (
      insert into ${usage} as u (tenant, day, cpu) select tenant, day, cpu from charged order by tenant
      on conflict (tenant, day) do update set cpu = u.cpu + excluded.cpu returning 1
    )
    insert into ${usageDetails} as u (tenant, day, outcome, cpu)
    select tenant, day, ${IDLE}, cpu from charged where ${after("counted")} order by tenant
    on conflict (tenant, day, function, outcome) do update set cpu = u.cpu + excluded.cpu`;
}
