import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { Keys } from "../contract/keys.ts";
import { type Database, plain } from "./database.ts";
import { keys, keyUses } from "./schema.ts";

export function drizzleKeys(db: Database): Keys {
  return {
    async create(key) {
      await db.insert(keys).values(key);
    },

    async get(id) {
      const [row] = await db.select().from(keys).where(eq(keys.id, id));
      return row;
    },

    list: (tenant) =>
      db
        .select({ ...getTableColumns(keys), lastUsedAt: keyUses.usedAt })
        .from(keys)
        .leftJoin(keyUses, eq(keyUses.key, keys.id))
        .where(eq(keys.tenant, tenant))
        .orderBy(keys.createdAt, plain(keys.id)),

    async used(uses) {
      // Locks in an order, as several servers note the same keys.
      await db.execute(sql`insert into ${keyUses} as u (key, used_at)
        select k.id, g.at
        from json_to_recordset(${JSON.stringify(uses)}::json) as g (key text, at timestamptz)
        join ${keys} as k on k.id = g.key
        order by k.id
        on conflict (key) do update set used_at = greatest(u.used_at, excluded.used_at)`);
    },

    async revoke(tenant, id) {
      const gone = await db
        .delete(keys)
        .where(and(eq(keys.tenant, tenant), eq(keys.id, id)))
        .returning({ id: keys.id });
      return gone.length > 0;
    },
  };
}
