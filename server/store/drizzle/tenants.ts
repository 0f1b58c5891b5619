import { eq, gt, type SQL, sql } from "drizzle-orm";
import { SOLE_TENANT } from "../../../src/request/tenant.ts";
import type { Tenants } from "../contract/tenants.ts";
import { type Database, plain } from "./database.ts";
import { domains, executions, functions, idempotency, jobs, tenants, types } from "./schema.ts";

/** What belongs to tenants, and refers to none: keys go with their rows. */
const OWN = [functions, executions, jobs, idempotency, types, domains];

export function drizzleTenants(db: Database): Tenants {
  /** Parts of a statement that delete what is a tenant's, as far as that applies. */
  const deletions = (id: string, applies: SQL = sql`true`): SQL =>
    sql.join(
      OWN.map((table, index) => {
        const name = sql.identifier(`part${index}`);
        return sql`${name} as (delete from ${table} where ${table.tenant} = ${id} and ${applies})`;
      }),
      sql`, `,
    );

  return {
    async put({ id, settings, secrets }) {
      // Another server may have written some after a tenant of this id was deleted: nobody's, so far.
      const isNew = sql`not exists (select from ${tenants} where ${tenants.id} = ${id})`;
      if (id !== SOLE_TENANT.id) await db.execute(sql`with ${deletions(id, isNew)} select 1`);
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
      const { rows } = (await db.execute(sql`with ${deletions(id)}
        delete from ${tenants} where ${tenants.id} = ${id} returning 1`)) as { rows: unknown[] };
      return rows.length > 0;
    },
  };
}
