import { type SQL, sql } from "drizzle-orm";
import { exactJson } from "../../../src/base/exact-json.ts";
import { MOST_RUNS, type Serving } from "../contract/schedules.ts";
import { scheduleRuns, schedules } from "./operations-tables.ts";
import { jobs, storage } from "./schema.ts";
import { roomFor } from "./storage.ts";

export interface Servings {
  readonly tenant: string;
  readonly servings: readonly Serving[];
  readonly most: number;
  readonly limit: number;
}

/**
 * Makes the one statement that serves due times. A schedule that is due at another time by now was
 * served by another server. It locks in the order of all others: the tenant's turn to accept jobs,
 * its counts, and then rows.
 */
export function servingOf({ tenant, servings, most, limit }: Servings): SQL {
  const given = sql.join(servings.map(rowOf), sql`, `);
  return sql`with turn as materialized (
      select isolate.may_accept_job(${tenant}::text, 0) as taken
    ), counts as materialized (
      select kind from ${storage} where tenant = ${tenant}::text and kind = ''
        and (select count(*) from turn) > 0 for update
    ), given (function, name, due_at, latest, next_at, code, id, request_id, version, request, context) as (
      values ${given}
    ), picked as (
      select s.function, s.name, s.input, s.overlap, g.due_at, g.latest, g.next_at as moved_to, g.code, g.id,
        g.request_id, g.version, g.request, g.context
      from ${schedules} as s join given as g on g.function = s.function and g.name = s.name
      where s.tenant = ${tenant}::text and s.next_at = g.due_at and (select count(*) from counts) >= 0
      for update of s skip locked
    ), judged as materialized (
      select picked.*, case
          when exists (select from ${scheduleRuns} as r where r.tenant = ${tenant}::text
            and r.function = picked.function and r.schedule = picked.name and r.due_at = picked.latest) then 'served'
          when code is not null then 'refused'
          when overlap = 'skip' and (
            select j.finished_at is null from ${jobs} as j where j.id = (
              select execution from ${scheduleRuns} as r where r.tenant = ${tenant}::text
                and r.function = picked.function and r.schedule = picked.name and r.execution is not null
              order by due_at desc limit 1
            )
          ) then 'skipped'
          else 'accepted' end as wanted
      from picked
    ), placed as (
      select *, (count(*) filter (where wanted = 'accepted') over (
        order by function, name rows between unbounded preceding and current row) - 1)::int as place
      from judged
    ), decided as materialized (
      select *, case when wanted <> 'accepted' then wanted
          when isolate.may_accept_job(${tenant}::text, ${most}::int - place) then 'accepted'
          else 'refused' end as outcome
      from placed
    ), room as (${roomFor(tenant, limit, ["jobs"])}),
    accepted as (
      insert into ${jobs} (id, tenant, request_id, request, function, version, context)
      select id, ${tenant}::text, request_id, case when input is null then request
          when request = '{}' then '{"input":' || input || '}'
          else '{"input":' || input || ',' || substr(request, 2) end, function, version, context
      from decided where outcome = 'accepted'
    ), recorded as (
      insert into ${scheduleRuns} (tenant, function, schedule, due_at, outcome, code, execution)
      select ${tenant}::text, function, name, due_at, 'missed', null, null from decided where due_at < latest
      union all
      select ${tenant}::text, function, name, latest, outcome,
        case when outcome = 'refused' then coalesce(code, 'JOBS_LIMIT') end,
        case when outcome = 'accepted' then id end
      from decided where outcome <> 'served'
      on conflict do nothing
    ), moved as (
      update ${schedules} as s set next_at = moved_to from decided as d
      where s.tenant = ${tenant}::text and s.function = d.function and s.name = d.name
    ), forgotten as (
      delete from ${scheduleRuns} as r using decided as d
      where r.tenant = ${tenant}::text and r.function = d.function and r.schedule = d.name and r.due_at < (
        select o.due_at from ${scheduleRuns} as o where o.tenant = ${tenant}::text and o.function = d.function
          and o.schedule = d.name order by o.due_at desc offset ${MOST_RUNS - 3}::int limit 1
      )
    )
    select function, name, outcome, case when outcome = 'refused' then coalesce(code, 'JOBS_LIMIT') end as code
    from decided where outcome <> 'served'`;
}

/** Makes a row of values. */
function rowOf({ function: of, name, dueAt, latest, nextAt, job }: Serving): SQL {
  const time = (at: Date | null): SQL => sql`${at?.toISOString() ?? null}::timestamptz`;
  const times = sql`${of}::text, ${name}::text, ${time(dueAt)}, ${time(latest)}, ${time(nextAt)}`;
  if (typeof job === "string") {
    return sql`(${times}, ${job}::text, null::uuid, null::text, null::int, null::text, null::text)`;
  }
  const { id, requestId, version, request, context } = job;
  const { input: _input, ...kept } = request;
  return sql`(${times}, null::text, ${id}::uuid, ${requestId}::text, ${version}::int,
    ${exactJson(kept)}::text, ${context ?? null}::text)`;
}
