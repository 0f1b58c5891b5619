import { and, eq, gt, lt, sql } from "drizzle-orm";
import { MOST_DESCRIBED, type Types } from "../contract/types.ts";
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

    async list(tenant, { after, limit }) {
      const some = db
        .select({ name: types.name, text: sql<string>`${types.described}`.as("text") })
        .from(types)
        .where(
          and(
            eq(types.tenant, tenant),
            after === undefined ? undefined : gt(plain(types.name), after),
          ),
        )
        .orderBy(plain(types.name))
        .limit(limit + 1)
        .as("some");
      const size = sql`length(${some.text})`;
      const before = sql<number>`sum(${size}) over (order by ${some.name} collate "C") - ${size}`;
      const counted = db
        .select({
          name: some.name,
          described: sql<string>`${some.text}`.as("described"),
          before: before.as("before"),
          found: sql<number>`(count(*) over ())::int`.as("found"),
        })
        .from(some)
        .as("counted");
      const rows = await db
        .select({ name: counted.name, described: counted.described, found: counted.found })
        .from(counted)
        .where(lt(counted.before, MOST_DESCRIBED))
        .orderBy(sql`${counted.name} collate "C"`)
        .limit(limit);
      const page = rows.map(({ name, described }) => ({ name, described }));
      return { types: page, more: (rows[0]?.found ?? 0) > page.length };
    },
  };
}
