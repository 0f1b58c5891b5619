import { and, eq, getTableColumns, gt, sql } from "drizzle-orm";
import type { PackageSetOutline, PackageSets } from "../contract/package-sets.ts";
import { type Database, plain } from "./database.ts";
import { packageSets } from "./schema.ts";
import { roomFor } from "./storage.ts";

/**
 * Begin of a lock's text: all but its packages, which are last. Functions for JSON refuse texts of registries with
 * NUL. No string contains the separator, because its quotes have backslashes there.
 */
const OUTLINE = sql`split_part(${packageSets.lock}, ',"packages":[', 1)`.mapWith(
  (text: string): PackageSetOutline["lock"] => JSON.parse(`${text}}`),
);

export function drizzlePackageSets(db: Database, defaultLimit: number): PackageSets {
  const named = (tenant: string, name: string) =>
    and(eq(packageSets.tenant, tenant), eq(packageSets.name, name));

  return {
    async put({ tenant, name, lock: given }, limit = defaultLimit) {
      const { packages, ...outline } = given;
      const lock = { ...outline, packages };
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["packages"]));
      const [row] = await db
        .with(room)
        .insert(packageSets)
        .values({ tenant, name, lock })
        .onConflictDoUpdate({
          target: [packageSets.tenant, packageSets.name],
          set: { lock, updatedAt: sql`now()` },
        })
        // A row that this statement inserts was changed by no transaction before.
        .returning({ ...getTableColumns(packageSets), created: sql<boolean>`xmax = 0` });
      if (row === undefined) throw new Error("A set was written and not returned");
      const { created, ...set } = row;
      return { set, created };
    },

    async get(tenant, name) {
      const [row] = await db.select().from(packageSets).where(named(tenant, name));
      return row;
    },

    list: (tenant, { after, limit }) =>
      db
        .select({ ...getTableColumns(packageSets), lock: OUTLINE })
        .from(packageSets)
        .where(
          and(
            eq(packageSets.tenant, tenant),
            after === undefined ? undefined : gt(plain(packageSets.name), after),
          ),
        )
        .orderBy(plain(packageSets.name))
        .limit(limit),

    async delete(tenant, name) {
      const deleted = await db
        .delete(packageSets)
        .where(named(tenant, name))
        .returning({ name: packageSets.name });
      return deleted.length > 0;
    },
  };
}
