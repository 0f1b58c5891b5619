import { and, eq, getTableColumns, gt, sql } from "drizzle-orm";
import type { Secrets } from "../contract/secrets.ts";
import { type Database, plain } from "./database.ts";
import { secrets } from "./schema.ts";
import { roomFor } from "./storage.ts";

const { sealed: _sealed, ...outline } = getTableColumns(secrets);

export function drizzleSecrets(db: Database, defaultLimit: number): Secrets {
  const named = (tenant: string, name: string) =>
    and(eq(secrets.tenant, tenant), eq(secrets.name, name));

  return {
    async put({ tenant, name, sealed }, limit = defaultLimit) {
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["secrets"]));
      const [row] = await db
        .with(room)
        .insert(secrets)
        .values({ tenant, name, sealed })
        .onConflictDoUpdate({
          target: [secrets.tenant, secrets.name],
          set: { sealed, version: sql`${secrets.version} + 1`, updatedAt: sql`now()` },
        })
        // A row that this statement inserts was changed by no transaction before.
        .returning({ ...outline, created: sql<boolean>`xmax = 0` });
      if (row === undefined) throw new Error("A secret was written and not returned");
      const { created, ...secret } = row;
      return { secret, created };
    },

    async get(tenant, name) {
      const [row] = await db.select().from(secrets).where(named(tenant, name));
      return row;
    },

    list: (tenant, { after, limit }) =>
      db
        .select(outline)
        .from(secrets)
        .where(
          and(
            eq(secrets.tenant, tenant),
            after === undefined ? undefined : gt(plain(secrets.name), after),
          ),
        )
        .orderBy(plain(secrets.name))
        .limit(limit),

    async delete(tenant, name) {
      const deleted = await db
        .delete(secrets)
        .where(named(tenant, name))
        .returning({ name: secrets.name });
      return deleted.length > 0;
    },
  };
}
