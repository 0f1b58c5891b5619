import { type Column, type SQL, sql } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";

/**
 * Drizzle on whichever driver. Each method of the store is one statement, so that it happens as a
 * whole or not at all without a transaction that would hold a connection.
 */
export type Database = PgDatabase<PgQueryResultHKT>;

/** Does `work` as a whole or not at all, on one connection. Only for what one statement cannot do. */
export type Transact = <T>(work: (db: Database) => Promise<T>) => Promise<T>;

/** Names of columns, as migrations have them. */
export const CASING = "snake_case";

/** Rows that are deleted at a time: other statements get their turn in between. */
export const CHUNK = 5_000;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether anything can have this id; PostgreSQL rejects a comparison with other texts. */
export function isUuid(id: string): boolean {
  return UUID.test(id);
}

/** A column compared and sorted by its characters' codes, whatever the database's language is. */
export function plain(column: Column): SQL {
  return sql`${column} collate "C"`;
}

/** So many milliseconds from now, by the database's clock: the only one that all hosts share. */
export function fromNow(milliseconds: number): SQL {
  return sql`now() + ${milliseconds}::float8 * interval '1 millisecond'`;
}

/** Calls `remove`, which deletes up to so many rows, until there are none. Says how many there were. */
export async function inChunks(remove: (limit: number) => Promise<unknown[]>): Promise<number> {
  let total = 0;
  for (;;) {
    const { length } = await remove(CHUNK);
    total += length;
    if (length < CHUNK) return total;
  }
}
