import { sql } from "drizzle-orm";
import type { Database } from "./database.ts";

/**
 * Major version of the tables that this server knows. Migrations of one major version only add, so
 * that the servers of the version before go on with the tables. A migration that takes something
 * away raises it, by `COMMENT ON SCHEMA "isolate" IS 'major 2'`.
 */
export const MAJOR = 1;
const COMMENT = /^major (\d{1,9})$/;

/**
 * Compares the major version of existing tables with this server's, before it migrates them.
 *
 * @throws {Error} If a later server has taken away what this one needs.
 */
export async function checkMajor(db: Database): Promise<void> {
  const result = await db.execute(
    sql`select obj_description(to_regnamespace('isolate'), 'pg_namespace') as comment`,
  );
  const [row] = (result as { rows: { comment: string | null }[] }).rows;
  const major = Number(COMMENT.exec(row?.comment ?? "")?.[1] ?? 1);
  if (major <= MAJOR) return;
  throw new Error(
    `The store's tables have major version ${major}, and this server knows ${MAJOR}: start a later version of it`,
  );
}
