import { type Column, type SQL, sql } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";

/**
 * Drizzle on any driver. Each method of the store is one statement. So it is atomic without a
 * transaction, which would occupy a connection.
 */
export type Database = PgDatabase<PgQueryResultHKT>;

/** Runs `work` as a transaction on one connection. Only for work that one statement cannot do. */
export type Transact = <T>(work: (db: Database) => Promise<T>) => Promise<T>;

/** Style of column names in migrations. */
export const CASING = "snake_case";

/** Most rows deleted at a time, so that other statements run in between. */
export const CHUNK = 5_000;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Tests whether a text is a UUID. PostgreSQL refuses to compare ids with other texts. */
export function isUuid(id: string): boolean {
  return UUID.test(id);
}

/** Compares and sorts a column by the codes of its characters, in any language of the database. */
export function plain(column: Column): SQL {
  return sql`${column} collate "C"`;
}

/**
 * Returns the time that many milliseconds from now, by the database's clock, which all hosts share.
 */
export function fromNow(milliseconds: number): SQL {
  return sql`now() + ${milliseconds}::float8 * interval '1 millisecond'`;
}

/** Calls `remove`, which deletes up to that many rows, until none are left. Returns their total. */
export async function inChunks(remove: (limit: number) => Promise<unknown[]>): Promise<number> {
  let total = 0;
  for (;;) {
    const { length } = await remove(CHUNK);
    total += length;
    if (length < CHUNK) return total;
  }
}
