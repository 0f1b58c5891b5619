import { type SQL, sql } from "drizzle-orm";
import { type Database, fromNow, inChunks } from "./database.ts";
import { executionLogs } from "./schema.ts";

/** Days from today on for which there is a partition. A server that comes a day late does no harm. */
const AHEAD = 2;

/** Bytes of a day that one statement can count in its ten seconds. */
const COUNTED_AT_ONCE = 1_073_741_824;

/**
 * Condition for rows outside of the days' partitions, which are deleted one by one. They are from
 * before the partitions, or their ids tell no day that has one.
 */
export const OUTSIDE_DAYS = sql`tableoid in (to_regclass('isolate.executions_before')::oid,
  to_regclass('isolate.executions_other')::oid)`;

async function rowsOf<Row>(db: Database, statement: SQL): Promise<Row[]> {
  return ((await db.execute(statement)) as unknown as { rows: Row[] }).rows;
}

/** Makes the partitions of the next days, `width` days each, in a statement of its own for each. */
export async function makeDays(db: Database, width: number): Promise<void> {
  for (let day = 0; day <= AHEAD; day += 1) await db.execute(sql.raw(partitionFrom(day, width)));
}

/**
 * Makes a statement for the partition that begins so many days from now, unless that day has one. It
 * ends at the next multiple of its width, or where another one begins. Rows that came before it move
 * there. Servers of the version before make theirs by `make_execution_day`, which are days.
 */
function partitionFrom(day: number, width: number): string {
  const days = Math.max(1, Math.trunc(width));
  return `do $do$
    declare
      from_day timestamptz := date_trunc('day', now(), 'UTC') + ${Math.trunc(day)} * interval '1 day';
      to_day timestamptz := from_day
        + (${days} - floor(extract(epoch from from_day) / 86400)::int % ${days}) * interval '1 day';
      day_name text := 'executions_' || to_char(from_day at time zone 'UTC', 'YYYYMMDD');
      first_id uuid := isolate.first_execution_of(from_day);
      behind_id uuid := isolate.first_execution_of(to_day);
    begin
      perform set_config('lock_timeout', '3s', true);
      if exists (
        select from isolate.execution_days where name = day_name or (first <= first_id and behind > first_id)
      ) then
        return;
      end if;
      behind_id := least(behind_id, (
        select first from isolate.execution_days where is_attached and first > first_id order by first limit 1));
      execute format('create table isolate.%I
        (like isolate.executions including defaults including generated including indexes)', day_name);
      -- Keeps rows of the days from coming in between.
      lock table isolate.executions_other in access exclusive mode;
      perform isolate.move_executions('isolate.executions_other', format('isolate.%I', day_name)::regclass,
        first_id, behind_id);
      execute format('alter table isolate.executions attach partition isolate.%I for values from (%L) to (%L)',
        day_name, first_id, behind_id);
    end $do$`;
}

/**
 * Drops the partitions whose rows all began more than `age` milliseconds ago, with their logs. Takes
 * each one out of the table before it is counted, so that writers wait for neither. Returns the number
 * of rows. Empties those with more than `most` bytes in parts.
 */
export async function dropDays(db: Database, age: number, most = COUNTED_AT_ONCE): Promise<number> {
  const days = await rowsOf<{ name: string; is_attached: boolean; first: string; behind: string }>(
    db,
    sql`select * from isolate.execution_days
      where behind is null or behind <= isolate.first_execution_of(${fromNow(-age)}) order by name`,
  );
  let total = 0;
  for (const { name, is_attached: isAttached, first, behind } of days) {
    if (isAttached) {
      const out = sql`select isolate.detach_execution_day(${name}, ${fromNow(-age)}) as is_out`;
      const [row] = await rowsOf<{ is_out: boolean }>(db, out);
      if (!row?.is_out) continue;
    }
    // A table that an earlier call has taken out, and then failed, tells its logs by its rows alone.
    const ofDay = isAttached
      ? sql`where l.id >= ${first}::uuid and l.id < ${behind}::uuid`
      : sql`join ${sql.identifier("isolate")}.${sql.identifier(name)} as e on e.id = l.id`;
    await inChunks((limit) =>
      rowsOf(
        db,
        sql`delete from ${executionLogs} where id in (
          select l.id from ${executionLogs} as l ${ofDay} limit ${limit}) returning id`,
      ),
    );
    total += await emptied(db, name, most);
    const [row] = await rowsOf<{ rows: number | string }>(
      db,
      sql`select isolate.drop_execution_day(${name}) as rows`,
    );
    total += Number(row?.rows ?? 0);
  }
  return total;
}

/** Deletes the rows of a table that was a partition, if it is large, and takes them off the counts. */
async function emptied(db: Database, name: string, most: number): Promise<number> {
  const table = sql`${sql.identifier("isolate")}.${sql.identifier(name)}`;
  const size = sql`select pg_relation_size(${`isolate.${name}`}::regclass)::float8 as bytes`;
  const [row] = await rowsOf<{ bytes: number }>(db, size);
  if (Number(row?.bytes) <= most) return 0;
  return inChunks((limit) =>
    rowsOf(
      db,
      sql`with gone as (
        delete from ${table} where ctid = any(array(select ctid from ${table} limit ${limit}))
        returning tenant, size
      ), sums as materialized (
        select tenant, sum(size)::bigint as bytes, count(*) as rows from gone group by tenant order by tenant
      ), counted as materialized (
        select isolate.count_storage(tenant, 'executions', -bytes, -rows) from sums
      ) select 1 from gone where (select count(*) from counted) >= 0`,
    ),
  );
}
