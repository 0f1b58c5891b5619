import { and, eq, gt, type SQL, sql } from "drizzle-orm";
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
    async put({ id, settings, secrets }, expected) {
      const changed = {
        settings,
        secrets,
        revision: sql`${tenants.revision} + 1`,
        updatedAt: sql`now()`,
      };
      if (expected) {
        const { revision, updatedAt } = expected;
        const isSeen = and(eq(tenants.revision, revision), eq(tenants.updatedAt, updatedAt));
        const rows = await db
          .update(tenants)
          .set(changed)
          .where(and(eq(tenants.id, id), isSeen))
          .returning({ id: tenants.id });
        return rows.length > 0 ? { created: false } : undefined;
      }
      // Another server may have written rows after a tenant of this id was deleted. They belong to
      // no tenant.
      const isNew = sql`not exists (select from ${tenants} where ${tenants.id} = ${id})`;
      if (id !== SOLE_TENANT.id) await db.execute(sql`with ${deletions(id, isNew)} select 1`);
      const insert = db.insert(tenants).values({ id, settings, secrets });
      const [row] = await (expected === null
        ? insert.onConflictDoNothing()
        : insert.onConflictDoUpdate({ target: tenants.id, set: changed })
      )
        // A row that this statement inserts was changed by no transaction before.
        .returning({ created: sql<boolean>`xmax = 0` });
      return expected === null && row === undefined
        ? undefined
        : { created: row?.created === true };
    },

    async suspend(id, suspended) {
      const since =
        suspended === null ? null : sql`coalesce(${tenants.suspendedAt}, clock_timestamp())`;
      const rows = await db
        .update(tenants)
        .set({
          suspendedAt: since,
          suspendedReason: suspended?.reason ?? null,
          revision: sql`${tenants.revision} + 1`,
          updatedAt: sql`now()`,
        })
        .where(eq(tenants.id, id))
        .returning({ id: tenants.id });
      return rows.length > 0;
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
