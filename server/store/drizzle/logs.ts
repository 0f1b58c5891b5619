import { and, asc, desc, eq, gte, inArray, lt, ne, notInArray, type SQL, sql } from "drizzle-orm";
import { MOST_LOOKED_AT } from "../contract/executions.ts";
import { type Logs, type LogsFilter, MOST_LISTED, MOST_WRITTEN } from "../contract/logs.ts";
import { CHUNK, type Database, isUuid } from "./database.ts";
import { lastLookedAt } from "./looked-at.ts";
import { executionLogs, storage } from "./schema.ts";

const {
  id,
  tenant: owner,
  version,
  startedAt,
  entries,
  dropped,
  level,
  recordedAt,
} = executionLogs;
const ROW = { id, version, startedAt, entries, dropped };
/** Counted bytes of a row: a generated column, which the schema does not know. */
const SIZE = sql<number>`size`;

export function drizzleLogs(db: Database): Logs {
  /** Makes a list of a function's rows, the newest first, of those that an index finds. */
  const newest = (tenant: string, filter: Pick<LogsFilter, "function" | "before">) => {
    const { function: name, before } = filter;
    return and(
      eq(owner, tenant),
      eq(executionLogs.function, name),
      before === undefined ? undefined : lt(id, before),
    );
  };

  return {
    async get(tenant, wanted) {
      if (!isUuid(wanted)) return undefined;
      const [row] = await db
        .select(ROW)
        .from(executionLogs)
        .where(and(eq(owner, tenant), eq(id, wanted)));
      return row;
    },

    async list(tenant, filter) {
      const { version: number, level: least, since, before, limit } = filter;
      if (before !== undefined && !isUuid(before)) return { rows: [] };
      const some = db
        .select({ ...ROW, level, size: SIZE.as("size") })
        .from(executionLogs)
        .where(newest(tenant, filter))
        .orderBy(desc(id))
        .limit(MOST_LOOKED_AT)
        .as("some");
      const page = db
        .select({
          id: some.id,
          version: some.version,
          startedAt: some.startedAt,
          entries: some.entries,
          dropped: some.dropped,
          // Bytes of the rows before this one, of which each has been read for its size alone.
          above: sql<string>`sum(${some.size}) over (order by ${some.id} desc) - ${some.size}`.as(
            "above",
          ),
        })
        .from(some)
        .where(
          and(
            number === undefined ? undefined : eq(some.version, number),
            least === undefined ? undefined : gte(some.level, least),
            since && gte(some.startedAt, since),
          ),
        )
        .orderBy(desc(some.id))
        .limit(limit)
        .as("page");
      const found = await db
        .select()
        .from(page)
        .where(lt(page.above, sql`${MOST_LISTED}`))
        .orderBy(desc(page.id));
      const rows = found.map(({ above: _, ...row }) => row);
      return { rows, ...(await nextOf(rows, filter)) };

      async function nextOf(rows: readonly { id: string; entries: string }[], filter: LogsFilter) {
        const last = rows.at(-1);
        const bytes = rows.reduce((sum, row) => sum + 256 + Buffer.byteLength(row.entries), 0);
        if (last && (rows.length === limit || bytes >= MOST_LISTED)) return { next: last.id };
        const next = await lastLookedAt(db, executionLogs, newest(tenant, filter));
        return next === undefined ? undefined : { next };
      }
    },

    async written(tenant, { function: name, except, since, known }) {
      const { rows: times } = (await db.execute(
        sql`select (extract(epoch from now()) * 1000)::float8 as at`,
      )) as unknown as { rows: { at: number }[] };
      const at = new Date(Number(times[0]?.at));
      if (since === undefined) return { at, rows: [] };
      const page = db
        .select({
          ...ROW,
          recordedAt,
          above: sql<string>`sum(size) over (order by recorded_at, id) - size`.as("above"),
        })
        .from(executionLogs)
        .where(
          and(
            eq(owner, tenant),
            eq(executionLogs.function, name),
            gte(recordedAt, since),
            ne(executionLogs.server, except),
            known.length === 0 ? undefined : notInArray(id, [...known]),
          ),
        )
        .orderBy(asc(recordedAt), asc(id))
        .limit(MOST_WRITTEN)
        .as("page");
      const rows = await db
        .select()
        .from(page)
        .where(lt(page.above, sql`${MOST_LISTED}`))
        .orderBy(asc(page.recordedAt), asc(page.id));
      return { at, rows: rows.map(({ above: _, ...row }) => row) };
    },
  };
}

/**
 * Deletes the oldest logs of tenants beyond their bounds, and a tenth more, so that it happens
 * rarely. `most` has the bounds.
 */
export async function trimLogs(db: Database, most: ReadonlyMap<string, number>): Promise<void> {
  if (most.size === 0) return;
  const counted = await db
    .select({ tenant: storage.tenant, bytes: storage.bytes })
    .from(storage)
    .where(and(inArray(storage.tenant, [...most.keys()]), eq(storage.kind, "logs")));
  for (const { tenant, bytes } of counted) {
    const bound = most.get(tenant) ?? bytes;
    let excess = bytes > bound ? bytes - bound + Math.ceil(bound / 10) : 0;
    while (excess > 0) {
      const freed = await removeOldest(db, tenant, excess);
      if (freed === 0) break;
      excess -= freed;
    }
  }
}

/** Deletes a tenant's oldest logs of that many bytes, at most `CHUNK`. Returns the bytes. */
async function removeOldest(db: Database, tenant: string, bytes: number): Promise<number> {
  const oldest = sql`select id, sum(size) over (order by id) - size as before from (
    select id, size from ${executionLogs} where ${owner} = ${tenant} order by id limit ${CHUNK}
  ) as oldest`;
  const statement = sql`delete from ${executionLogs}
    where id in (select id from (${oldest}) as summed where before < ${bytes}) returning size`;
  const { rows } = (await db.execute(statement)) as unknown as { rows: { size: unknown }[] };
  return rows.reduce((sum, { size }) => sum + Number(size), 0);
}

/** Makes a part of a statement that deletes the logs of the executions in `gone`. */
export const LOGS_OF_GONE: SQL = sql`delete from ${executionLogs} where ${id} in (select id from gone)`;
