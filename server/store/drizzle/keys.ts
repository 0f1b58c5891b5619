import { and, eq } from "drizzle-orm";
import type { Keys } from "../contract/keys.ts";
import { type Database, plain } from "./database.ts";
import { keys } from "./schema.ts";

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
      db.select().from(keys).where(eq(keys.tenant, tenant)).orderBy(keys.createdAt, plain(keys.id)),

    async revoke(tenant, id) {
      const gone = await db
        .delete(keys)
        .where(and(eq(keys.tenant, tenant), eq(keys.id, id)))
        .returning({ id: keys.id });
      return gone.length > 0;
    },
  };
}
