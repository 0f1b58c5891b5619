import { eq, getTableColumns, lt, sql } from "drizzle-orm";
import type { Nodes } from "../contract/nodes.ts";
import { type Database, fromNow, plain } from "./database.ts";
import { nodes } from "./server-tables.ts";

const MOST = 1_000;

export function drizzleNodes(db: Database): Nodes {
  return {
    async put(node) {
      const { draining, capacity } = node;
      await db
        .insert(nodes)
        .values(node)
        .onConflictDoUpdate({
          target: nodes.id,
          set: { draining, capacity, seen: sql`now()` },
        });
    },

    async remove(id) {
      await db.delete(nodes).where(eq(nodes.id, id));
    },

    list: () =>
      db
        .select({
          ...getTableColumns(nodes),
          age: sql<number>`greatest(0, extract(epoch from now() - ${nodes.seen}) * 1000)::float8`,
        })
        .from(nodes)
        .orderBy(plain(nodes.id))
        .limit(MOST),

    async prune(age) {
      await db.delete(nodes).where(lt(nodes.seen, fromNow(-age)));
    },
  };
}
