import {
  and,
  type Column,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  lt,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from "drizzle-orm";
import { toSnakeCase } from "drizzle-orm/casing";
import type { PgTable } from "drizzle-orm/pg-core";
import {
  type ExecutionFilter,
  type ExecutionRow,
  type Executions,
  MOST_LOOKED_AT,
} from "../contract/executions.ts";
import type { KeptLogs } from "../contract/logs.ts";
import { HISTORY } from "../contract/storage.ts";
import { CHUNK, type Database, fromNow, inChunks, isUuid } from "./database.ts";
import { dropDays, makeDays, OUTSIDE_DAYS } from "./execution-days.ts";
import { LOGS_OF_GONE, trimLogs } from "./logs.ts";
import { lastLookedAt } from "./looked-at.ts";
import { executionLogs, executions, storage } from "./schema.ts";
import { usage } from "./server-tables.ts";
import { countOf } from "./usage.ts";

const BATCH = 1_000;

const COLUMNS = columnsOf(executions);
const LOG_COLUMNS = columnsOf(executionLogs).filter(({ key }) => key !== "recordedAt");

type Stored = typeof executions.$inferSelect;

export function drizzleExecutions(db: Database): Executions {
  /** Deletes the oldest tenth of the history of tenants beyond their limit. */
  const trim = async (tenants: readonly string[]): Promise<void> => {
    const full = await db
      .select({ tenant: storage.tenant, count: storage.count })
      .from(storage)
      .where(
        and(
          inArray(storage.tenant, [...new Set(tenants)]),
          eq(storage.kind, "executions"),
          or(gt(storage.bytes, HISTORY.bytes), gt(storage.count, HISTORY.rows)),
        ),
      );
    for (const { tenant, count: rows } of full) {
      for (let left = Math.ceil(rows / 10); left > 0; left -= CHUNK) {
        const oldest = db
          .select({ id: executions.id })
          .from(executions)
          .where(eq(executions.tenant, tenant))
          .orderBy(executions.id)
          .limit(Math.min(CHUNK, left));
        await remove(oldest);
      }
    }
  };

  const remove = async (ids: SQLWrapper): Promise<unknown[]> => {
    const { rows } = (await db.execute(sql`with gone as (
      delete from ${executions} where ${inArray(executions.id, ids)} returning id
    ), logs as (${LOGS_OF_GONE}) select id from gone`)) as unknown as { rows: unknown[] };
    return rows;
  };

  return {
    async record(rows) {
      for (let start = 0; start < rows.length; start += BATCH) {
        const batch = rows.slice(start, start + BATCH);
        const logs = batch.flatMap((row) =>
          row.logs === undefined ? [] : [logsOf(row, row.logs)],
        );
        const kept =
          logs.length === 0
            ? sql``
            : sql`logs as (${insertOf(executionLogs, LOG_COLUMNS, logs)}), `;
        const insert = insertOf(executions, COLUMNS, batch.map(toStored));
        await db.execute(sql`with ${kept}added as (${insert} returning *), ${countOf(batch)}`);
      }
      await trim(rows.map(({ tenant }) => tenant));
      await trimLogs(
        db,
        new Map(rows.flatMap(({ tenant, logs }) => (logs ? [[tenant, logs.most]] : []))),
      );
    },

    async get(tenant, id) {
      if (!isUuid(id)) return undefined;
      const [row] = await db
        .select()
        .from(executions)
        .where(and(eq(executions.tenant, tenant), eq(executions.id, id)));
      return row && fromStored(row);
    },

    async list(tenant, { outcome, function: name, via, since, until, before, limit }) {
      if (before !== undefined && !isUuid(before)) return [];
      const some = db
        .select()
        .from(executions)
        .where(olderOf(tenant, { function: name, until, before }))
        .orderBy(desc(executions.id))
        .limit(MOST_LOOKED_AT)
        .as("some");
      const rows = await db
        .select()
        .from(some)
        .where(
          and(
            // No index of all tenants has it.
            tenant === undefined && name !== undefined ? eq(some.function, name) : undefined,
            outcome === undefined ? undefined : eq(some.outcome, outcome),
            via === undefined ? undefined : eq(some.via, via),
            since && gte(some.startedAt, since),
            until && lt(some.startedAt, until),
          ),
        )
        .orderBy(desc(some.id))
        .limit(limit);
      return rows.map(fromStored);
    },

    async lastLookedAt(tenant, { function: name, until, before }) {
      if (before !== undefined && !isUuid(before)) return undefined;
      return lastLookedAt(db, executions, olderOf(tenant, { function: name, until, before }));
    },

    async used(tenant, day) {
      const [row] = await db
        .select({ executions: usage.executions, cpu: usage.cpu })
        .from(usage)
        .where(and(eq(usage.tenant, tenant), eq(usage.day, day.toISOString().slice(0, 10))));
      return row ?? { executions: 0, cpu: 0 };
    },

    prepare: (width = 1) => makeDays(db, width),

    async prune(age, tenant) {
      const dropped = tenant === undefined ? await dropDays(db, age) : 0;
      const ofWhom = tenant === undefined ? OUTSIDE_DAYS : eq(executions.tenant, tenant);
      const deleted = await inChunks((limit) => {
        const old = db
          .select({ id: executions.id })
          .from(executions)
          .where(and(lt(executions.startedAt, fromNow(-age)), ofWhom))
          .limit(limit);
        return remove(old);
      });
      return dropped + deleted;
    },
  };
}

/** Makes the condition for the rows that an index finds, in its order. */
function olderOf(
  tenant: string | undefined,
  { function: name, until, before }: Pick<ExecutionFilter, "function" | "until" | "before">,
) {
  if (tenant === undefined) {
    return and(
      // Ids tell the time, so that this skips later days. Clocks of hosts may differ by a minute.
      until &&
        sql`${executions.id} < isolate.first_execution_of(${until.toISOString()}::timestamptz + interval '1 minute')`,
      before === undefined ? undefined : lt(executions.id, before),
    );
  }
  return and(
    eq(executions.tenant, tenant),
    name === undefined ? undefined : eq(executions.function, name),
    before === undefined ? undefined : lt(executions.id, before),
  );
}

/** A column by its key in rows and its name in the table. */
interface NamedColumn {
  readonly key: string;
  readonly name: string;
  readonly column: Column;
}

function columnsOf(table: PgTable): NamedColumn[] {
  return Object.entries(getTableColumns(table)).map(([key, column]) => ({
    key,
    name: toSnakeCase(key),
    column,
  }));
}

/**
 * Makes a statement that adds rows. They are one JSON value, because building a statement with a
 * thousand values blocks the event loop.
 */
function insertOf(table: PgTable, columns: readonly NamedColumn[], rows: readonly object[]): SQL {
  const names = sql.join(
    columns.map(({ name }) => sql.identifier(name)),
    sql`, `,
  );
  return sql`insert into ${table} (${names}) select ${names}
    from json_populate_recordset(null::${table}, ${JSON.stringify(rows)}::json) on conflict do nothing`;
}

function toStored({ usage, ...row }: ExecutionRow): Record<string, unknown> {
  return storedAs(COLUMNS, { ...row, ...usage });
}

function logsOf(row: ExecutionRow, logs: KeptLogs): Record<string, unknown> {
  return storedAs(LOG_COLUMNS, { ...row, ...logs });
}

/** Makes an object with the columns' names, for JSON. */
function storedAs(
  columns: readonly NamedColumn[],
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(({ key, name, column }) => {
      const value = values[key] ?? null;
      return [name, value === null ? null : column.mapToDriverValue(value)];
    }),
  );
}

function fromStored(stored: Stored): ExecutionRow {
  const { wall, queued, cpu, peakMemory, bytesOut, egressBytes, channelDropped, fresh, ...row } =
    stored;
  const usage =
    wall === null
      ? null
      : {
          wall,
          cpu,
          peakMemory,
          bytesOut: bytesOut ?? 0,
          egressBytes: egressBytes ?? 0,
          // Rows of earlier versions lack these.
          queued: queued ?? 0,
          channelDropped: channelDropped ?? 0,
          ...(fresh !== null && { fresh }),
        };
  return { ...(row as Omit<ExecutionRow, "usage">), usage };
}
