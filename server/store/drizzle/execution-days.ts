import { type SQL, sql } from "drizzle-orm";
import { type Database, fromNow, inChunks } from "./database.ts";
import { executionLogs } from "./schema.ts";

/** Days from today on for which there is a partition. A server that comes a day late does no harm. */
const AHEAD = 2;

/**
 * Condition for rows outside of the days' partitions, which are deleted one by one. They are from
 * before the partitions, or their ids tell no day that has one.
 */
export const OUTSIDE_DAYS = sql`tableoid in (to_regclass('isolate.executions_before')::oid,
  to_regclass('isolate.executions_other')::oid)`;

async function rowsOf<Row>(db: Database, statement: SQL): Promise<Row[]> {
  return ((await db.execute(statement)) as unknown as { rows: Row[] }).rows;
}

/** Makes the partitions of the next days, each in a statement of its own. */
export async function makeDays(db: Database): Promise<void> {
  for (let day = 0; day <= AHEAD; day += 1) {
    await db.execute(sql`select isolate.make_execution_day(
      date_trunc('day', now(), 'UTC') + ${day}::int * interval '1 day')`);
  }
}

/**
 * Drops the partitions whose rows all began more than `age` milliseconds ago, with their logs. Takes
 * each one out of the table before it is counted, so that writers wait for neither. Returns the number
 * of rows.
 */
export async function dropDays(db: Database, age: number): Promise<number> {
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
      await inChunks((limit) =>
        rowsOf(
          db,
          sql`delete from ${executionLogs} where id in (
          select id from ${executionLogs} where id >= ${first}::uuid and id < ${behind}::uuid limit ${limit}
        ) returning id`,
        ),
      );
    }
    const [row] = await rowsOf<{ rows: number | string }>(
      db,
      sql`select isolate.drop_execution_day(${name}) as rows`,
    );
    total += Number(row?.rows ?? 0);
  }
  return total;
}
