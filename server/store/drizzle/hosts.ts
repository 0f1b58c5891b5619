import { and, eq, getTableColumns, isNotNull, sql } from "drizzle-orm";
import type { HostPlace, Hosts } from "../contract/hosts.ts";
import { type Database, plain } from "./database.ts";
import { hosts } from "./operations-tables.ts";
import { roomFor } from "./storage.ts";

export function drizzleHosts(db: Database, defaultLimit: number): Hosts {
  const at = ({ tenant, name }: HostPlace) => and(eq(hosts.tenant, tenant), eq(hosts.name, name));

  return {
    async put({ tenant, name, function: named }, limit = defaultLimit) {
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["hosts"]));
      const [row] = await db
        .with(room)
        .insert(hosts)
        .values({ tenant, name, function: named })
        .onConflictDoUpdate({
          target: [hosts.tenant, hosts.name],
          set: { function: named },
        })
        // A row that this statement inserts was changed by no transaction before.
        .returning({ ...getTableColumns(hosts), created: sql<boolean>`xmax = 0` });
      if (row === undefined) throw new Error("A host was written and not returned");
      const { created, ...host } = row;
      return { host, created };
    },

    async served(name) {
      const [row] = await db
        .select()
        .from(hosts)
        .where(and(eq(hosts.name, name), isNotNull(hosts.verifiedAt)));
      return row;
    },

    list: (tenant) =>
      db.select().from(hosts).where(eq(hosts.tenant, tenant)).orderBy(plain(hosts.name)),

    all: ({ after, limit }) =>
      db
        .select()
        .from(hosts)
        .where(
          after &&
            sql`(${plain(hosts.name)}, ${plain(hosts.tenant)}) > (${sql.param(after.name, hosts.name)}, ${sql.param(after.tenant, hosts.tenant)})`,
        )
        .orderBy(plain(hosts.name), plain(hosts.tenant))
        .limit(limit),

    async verify(place) {
      const [row] = await db
        .update(hosts)
        .set({ verifiedAt: sql`coalesce(${hosts.verifiedAt}, now())` })
        .where(at(place))
        .returning();
      return row;
    },

    async delete(place) {
      const deleted = await db.delete(hosts).where(at(place)).returning({ name: hosts.name });
      return deleted.length > 0;
    },
  };
}
