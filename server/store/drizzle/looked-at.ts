import { desc, type SQL } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import { MOST_LOOKED_AT } from "../contract/executions.ts";
import type { Database } from "./database.ts";

/**
 * Returns the id of the last row that a list reads, which searches the newest `MOST_LOOKED_AT` only.
 * `undefined` if it reads all. `where` is the condition of the rows that it searches.
 */
export async function lastLookedAt(
  db: Database,
  table: PgTable & { readonly id: PgColumn },
  where: SQL | undefined,
): Promise<string | undefined> {
  const { id } = table;
  const rows: { id: unknown }[] = await db
    .select({ id })
    .from(table as PgTable)
    .where(where)
    .orderBy(desc(id))
    .offset(MOST_LOOKED_AT - 1)
    .limit(1);
  return rows[0] && String(rows[0].id);
}
