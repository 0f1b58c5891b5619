import { and, eq } from "drizzle-orm";
import type { Types } from "../types.ts";
import { type Database, plain } from "./database.ts";
import { typeNames, types } from "./schema.ts";
import { roomFor } from "./storage.ts";

export function drizzleTypes(db: Database, defaultLimit: number): Types {
  return {
    async add(tenant, { code, ...described }, limit = defaultLimit) {
      const names = new Set([described.name, ...(described.aliases ?? [])]);
      const added = db
        .$with("added")
        .as(db.insert(types).values({ tenant, name: described.name, described, code }).returning());
      const rows = [...names].map((name) => ({ tenant, name, type: described.name }));
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["types"]));
      await db.with(added, room).insert(typeNames).values(rows);
    },

    async get(tenant, name) {
      const [row] = await db
        .select({ types })
        .from(types)
        .innerJoin(
          typeNames,
          and(eq(typeNames.tenant, types.tenant), eq(typeNames.type, types.name)),
        )
        .where(and(eq(typeNames.tenant, tenant), eq(typeNames.name, name)));
      if (row === undefined) return undefined;
      const { described, code, ...rest } = row.types;
      return { ...rest, type: { ...described, code } };
    },

    async list(tenant) {
      const rows = await db
        .select({ described: types.described })
        .from(types)
        .where(eq(types.tenant, tenant))
        .orderBy(types.createdAt, plain(types.name));
      return rows.map(({ described }) => described);
    },
  };
}
