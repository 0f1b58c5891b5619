import { and, asc, desc, eq, getTableColumns, gt, sql } from "drizzle-orm";
import { type DueSchedule, MOST_RUNS, type Schedules } from "../contract/schedules.ts";
import { type Database, plain } from "./database.ts";
import { scheduleRuns, schedules } from "./operations-tables.ts";
import { servingOf } from "./schedule-servings.ts";
import { roomFor } from "./storage.ts";

/** Most due schedules among which those of each tenant take turns, the oldest of all. */
const WINDOW = 2_000;

const columns = {
  ...getTableColumns(schedules),
  // As text, so that no input and the input `null` differ.
  input: sql<string | null>`${schedules.input}`,
};

export function drizzleSchedules(db: Database, defaultLimit: number): Schedules {
  const named = (tenant: string, of: string, name: string) =>
    and(eq(schedules.tenant, tenant), eq(schedules.function, of), eq(schedules.name, name));

  const read = async <T>(statement: ReturnType<typeof sql>): Promise<T[]> =>
    ((await db.execute(statement)) as unknown as { rows: T[] }).rows;

  return {
    async now() {
      const [row] = await read<{ now: number }>(sql`select ${millisecondsOf(sql`now()`)} as now`);
      return new Date(row?.now ?? Number.NaN);
    },

    async put({ tenant, function: of, name, ...given }, limit = defaultLimit) {
      const { cron, timezone, input, overlap, paused, nextAt } = given;
      const text = input === null ? null : sql`${input}`;
      const isSame = sql`${schedules.cron} = excluded.cron and ${schedules.timezone} = excluded.timezone
        and ${schedules.nextAt} is not null and excluded.next_at is not null`;
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["schedules"]));
      const [row] = await db
        .with(room)
        .insert(schedules)
        .values({
          ...{ tenant, function: of, name, cron, timezone },
          ...{ input: text, overlap, paused, nextAt },
        })
        .onConflictDoUpdate({
          target: [schedules.tenant, schedules.function, schedules.name],
          set: {
            ...{ cron, timezone, input: text, overlap, paused },
            nextAt: sql`case when ${isSame} then ${schedules.nextAt} else excluded.next_at end`,
            updatedAt: sql`now()`,
          },
        })
        // A row that this statement inserts was changed by no transaction before.
        .returning({ ...columns, created: sql<boolean>`xmax = 0` });
      if (row === undefined) throw new Error("A schedule was written and not returned");
      const { created, ...schedule } = row;
      return { schedule, created };
    },

    async get(tenant, of, name) {
      const [row] = await db
        .select(columns)
        .from(schedules)
        .where(named(tenant, of, name));
      return row;
    },

    list: (tenant, of, { after, limit }) =>
      db
        .select(columns)
        .from(schedules)
        .where(
          and(
            eq(schedules.tenant, tenant),
            eq(schedules.function, of),
            after === undefined ? undefined : gt(plain(schedules.name), after),
          ),
        )
        .orderBy(asc(plain(schedules.name)))
        .limit(limit),

    async delete(tenant, of, name) {
      const deleted = await db
        .delete(schedules)
        .where(named(tenant, of, name))
        .returning({ name: schedules.name });
      return deleted.length > 0;
    },

    runs: (tenant, of, name) =>
      db
        .select({
          ...{ dueAt: scheduleRuns.dueAt, outcome: scheduleRuns.outcome },
          ...{ code: scheduleRuns.code, execution: scheduleRuns.execution },
        })
        .from(scheduleRuns)
        .where(
          and(
            eq(scheduleRuns.tenant, tenant),
            eq(scheduleRuns.function, of),
            eq(scheduleRuns.schedule, name),
          ),
        )
        .orderBy(desc(scheduleRuns.dueAt))
        .limit(MOST_RUNS),

    async due(limit, except = []) {
      // In any order among those of one turn, so that servers at work side by side rarely take the same.
      const rows = await read<DueRow>(sql`with waiting as (
          select tenant, function, name, cron, timezone, next_at from ${schedules}
          where next_at <= now() and tenant not in (
            select value from json_array_elements_text(${JSON.stringify(except)}::json)
          ) order by next_at limit ${WINDOW}
        ), turns as (
          select *, row_number() over (partition by tenant order by next_at, function, name) as turn from waiting
        )
        select ${millisecondsOf(sql`now()`)} as now, ${millisecondsOf(sql`(
            select min(next_at) from ${schedules} where next_at > now()
          )`)} as next, tenant, function, name, cron, timezone, ${millisecondsOf(sql`next_at`)} as due
        from (select 1) as one left join (
          select * from turns order by turn, random() limit ${limit}
        ) as chosen on true`);
      const [first] = rows;
      return {
        now: new Date(first?.now ?? Number.NaN),
        nextAt: first?.next == null ? undefined : new Date(first.next),
        due: rows.flatMap(({ now: _now, next: _next, due, tenant, ...row }): DueSchedule[] =>
          due === null || tenant === null ? [] : [{ ...row, tenant, dueAt: new Date(due) }],
        ),
      };
    },

    async serve(tenant, servings, most, limit = defaultLimit) {
      if (servings.length === 0) return [];
      return read(servingOf({ tenant, servings, most, limit }));
    },

    async lag() {
      const [row] = await read<{ lag: number | null }>(
        sql`select (extract(epoch from now() - min(next_at)) * 1000)::float8 as lag
          from ${schedules} where next_at <= now()`,
      );
      return row?.lag ?? 0;
    },
  };
}

interface DueRow extends Pick<DueSchedule, "function" | "name" | "cron" | "timezone"> {
  readonly now: number;
  readonly next: number | null;
  /** Null if none is due. */
  readonly tenant: string | null;
  readonly due: number | null;
}

/** Reads a time as a number, which no driver changes. */
function millisecondsOf(time: ReturnType<typeof sql>): ReturnType<typeof sql> {
  return sql`floor(extract(epoch from ${time}) * 1000)::float8`;
}
