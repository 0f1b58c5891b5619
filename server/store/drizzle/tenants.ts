import { eq, gt, sql } from "drizzle-orm";
import type { Tenants } from "../tenants.ts";
import { type Database, plain } from "./database.ts";
import { domains, executions, functions, idempotency, jobs, tenants, types } from "./schema.ts";

export function drizzleTenants(db: Database): Tenants {
  return {
    async put({ id, settings, secrets }) {
      const [row] = await db
        .insert(tenants)
        .values({ id, settings, secrets })
        .onConflictDoUpdate({
          target: tenants.id,
          set: { settings, secrets, updatedAt: sql`now()` },
        })
        // No transaction has touched the row of a statement that inserts it.
        .returning({ created: sql<boolean>`xmax = 0` });
      return { created: row?.created === true };
    },

    async get(id) {
      const [row] = await db.select().from(tenants).where(eq(tenants.id, id));
      return row;
    },

    list: ({ after, limit }) =>
      db
        .select()
        .from(tenants)
        .where(after === undefined ? undefined : gt(plain(tenants.id), after))
        .orderBy(plain(tenants.id))
        .limit(limit),

    async delete(id) {
      const own = [functions, executions, jobs, idempotency, types];
      const parts = own.map(
        (table, index) =>
          sql`${sql.identifier(`part${index}`)} as (delete from ${table} where ${table.tenant} = ${id})`,
      );
      const { rows } = (await db.execute(sql`with ${sql.join(parts, sql`, `)},
        domain as (delete from ${domains} where ${domains.tenant} = ${id})
        delete from ${tenants} where ${tenants.id} = ${id} returning 1`)) as { rows: unknown[] };
      return rows.length > 0;
    },
  };
}
