import { eq, gt, type SQL, sql } from "drizzle-orm";
import { SOLE_TENANT } from "../../../src/request/tenant.ts";
import type { Tenants } from "../contract/tenants.ts";
import { type Database, plain } from "./database.ts";
import { hosts } from "./operations-tables.ts";
import {
  domains,
  executionLogs,
  executions,
  functions,
  idempotency,
  jobs,
  packageSets,
  secrets,
  tenants,
  types,
} from "./schema.ts";
import { denials, rateWindows, usage, usageDetails } from "./server-tables.ts";

/** Tables with data of tenants, without foreign keys to them. Keys are deleted by theirs. */
const OWN = [
  functions,
  executions,
  executionLogs,
  jobs,
  idempotency,
  types,
  packageSets,
  domains,
  secrets,
  hosts,
  usage,
  usageDetails,
  denials,
  rateWindows,
];

export function drizzleTenants(db: Database): Tenants {
  /** Makes the parts of a statement that delete a tenant's data, if the condition applies. */
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
      // Another server may have written rows after a tenant of this id was deleted. They belong to
      // no tenant.
      const isNew = sql`not exists (select from ${tenants} where ${tenants.id} = ${id})`;
      if (id !== SOLE_TENANT.id) await db.execute(sql`with ${deletions(id, isNew)} select 1`);
      const [row] = await db
        .insert(tenants)
        .values({ id, settings, secrets })
        .onConflictDoUpdate({
          target: tenants.id,
          set: { settings, secrets, updatedAt: sql`now()` },
        })
        // A row that this statement inserts was changed by no transaction before.
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
