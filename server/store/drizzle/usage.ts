import { type SQL, sql } from "drizzle-orm";
import type { RecordedExecution } from "../contract/executions.ts";
import { budgetLeases, usage } from "./server-tables.ts";

/** Current day in UTC, by the clock of the database. */
export const TODAY = sql`(clock_timestamp() at time zone 'UTC')::date`;

/**
 * Makes the end of a statement whose part `added` records executions. It adds those that ran to the
 * use of their tenants, and removes their reservations, so that each is in one of the two sums.
 * An execution counts for the day of its reservation, or else for that on which it began. Without a
 * measured CPU time, all time but the wait for a sandbox counts.
 */
export function countOf(rows: readonly RecordedExecution[]): SQL {
  const reserved = rows.flatMap(({ id, reserved }) => (reserved ? [{ id, ...reserved }] : []));
  const ran = sql`ran as (
    select a.tenant, r.node, coalesce(r.day, (a.started_at at time zone 'UTC')::date) as day,
      coalesce(a.cpu, a.wall - coalesce(a.queued, 0), a.duration) as cpu
    from added as a
    left join json_to_recordset(${JSON.stringify(reserved)}::json) as r (id uuid, node text, day date) on r.id = a.id
    where a.outcome not in ('refused', 'failed'))`;
  const count = sql`insert into ${usage} as u (tenant, day, executions, cpu)
    select ran.tenant, ran.day, count(*), sum(ran.cpu) from ran group by 1, 2 order by 1, 2
    on conflict (tenant, day) do update
      set executions = u.executions + excluded.executions, cpu = u.cpu + excluded.cpu`;
  if (reserved.length === 0) return sql`${ran} ${count}`;
  // Locks in an order, as a renewal does.
  return sql`${ran}, counted as (${count}), done as (
      select ran.tenant, ran.day, ran.node, count(*)::int as executions from ran group by 1, 2, 3
    ), locked as (
      select l.tenant, l.day, l.node from ${budgetLeases} as l where (l.tenant, l.day, l.node) in (
        select done.tenant, done.day, done.node from done) order by 1, 2, 3 for update
    )
    update ${budgetLeases} as l set reserved = greatest(0, l.reserved - done.executions)
    from locked join done using (tenant, day, node)
    where l.tenant = locked.tenant and l.day = locked.day and l.node = locked.node`;
}

/** Makes a statement that adds processor time to today's use of tenants. */
export function chargeOf(charges: readonly { tenant: string; cpu: number }[]): SQL {
  return sql`insert into ${usage} as u (tenant, day, cpu)
    select c.tenant, ${TODAY}, c.cpu
    from json_to_recordset(${JSON.stringify(charges)}::json) as c (tenant text, cpu float8) order by c.tenant
    on conflict (tenant, day) do update set cpu = u.cpu + excluded.cpu`;
}
