import { and, desc, eq, getTableColumns, gt, lte, sql } from "drizzle-orm";
import { type Functions, MAX_VERSIONS } from "../contract/functions.ts";
import { type Database, plain } from "./database.ts";
import { functions, versions } from "./schema.ts";
import { roomFor } from "./storage.ts";

const { sourceMap: _map, ...whole } = getTableColumns(versions);
const { files: _files, code: _code, lock: _lock, ...outline } = whole;

export function drizzleFunctions(db: Database, defaultLimit: number): Functions {
  const named = (tenant: string, name: string) =>
    and(eq(functions.tenant, tenant), eq(functions.name, name));

  const versionsOf = (tenant: string, name: string) =>
    and(eq(versions.tenant, tenant), eq(versions.name, name));

  const currentOf = (tenant: string, name: string) =>
    db.select({ current: functions.current }).from(functions).where(named(tenant, name));

  return {
    async deploy({ tenant, name, kind, ...version }, limit = defaultLimit) {
      const next = sql`${functions.latest} + 1`;
      // The row's lock gives each of several concurrent deployments its own number.
      const deployed = db.$with("deployed").as(
        db
          .insert(functions)
          .values({ tenant, name, kind, current: 1, latest: 1 })
          .onConflictDoUpdate({
            target: [functions.tenant, functions.name],
            set: { kind, current: next, latest: next, updatedAt: sql`now()` },
          })
          .returning({ latest: functions.latest }),
      );
      const number = sql<number>`(select ${deployed.latest} from ${deployed})`;
      const forgotten = db.$with("forgotten").as(
        db
          .delete(versions)
          .where(
            and(versionsOf(tenant, name), lte(versions.version, sql`${number} - ${MAX_VERSIONS}`)),
          )
          .returning({ version: versions.version }),
      );
      const room = db.$with("room", {}).as(roomFor(tenant, limit, ["functions"]));
      const [row] = await db
        .with(deployed, forgotten, room)
        .insert(versions)
        .values({ tenant, name, kind, ...version, version: number })
        // Not its files and code, which may have megabytes and are here.
        .returning(outline);
      if (row === undefined) throw new Error("A version was inserted and not returned");
      const { files, code, lock = null } = version;
      return { ...row, files, code, lock };
    },

    async get(tenant, name) {
      const [row] = await db.select().from(functions).where(named(tenant, name));
      return row;
    },

    async version(tenant, name, version) {
      const wanted = version ?? sql`(${currentOf(tenant, name)})`;
      const [row] = await db
        .select(whole)
        .from(versions)
        .where(and(versionsOf(tenant, name), eq(versions.version, wanted)));
      return row;
    },

    async outline(tenant, name, version) {
      const wanted = version ?? sql`(${currentOf(tenant, name)})`;
      const [row] = await db
        .select(outline)
        .from(versions)
        .where(and(versionsOf(tenant, name), eq(versions.version, wanted)));
      return row;
    },

    async sourceMap(tenant, name, version) {
      const [row] = await db
        .select({ map: versions.sourceMap })
        .from(versions)
        .where(and(versionsOf(tenant, name), eq(versions.version, version)));
      return row?.map ?? undefined;
    },

    versions: (tenant, name) =>
      db
        .select(outline)
        .from(versions)
        .where(versionsOf(tenant, name))
        .orderBy(desc(versions.version)),

    list: (tenant, { after, limit }) =>
      db
        .select()
        .from(functions)
        .where(
          and(
            eq(functions.tenant, tenant),
            after === undefined ? undefined : gt(plain(functions.name), after),
          ),
        )
        .orderBy(plain(functions.name))
        .limit(limit),

    described: (tenant, { after, limit }) =>
      db
        .select({ name: versions.name, request: versions.request })
        .from(functions)
        .innerJoin(
          versions,
          and(
            eq(versions.tenant, functions.tenant),
            eq(versions.name, functions.name),
            eq(versions.version, functions.current),
          ),
        )
        .where(
          and(
            eq(functions.tenant, tenant),
            eq(functions.kind, "value"),
            // A text within the JSON has its quotation marks escaped.
            sql`position('"schema":{' in ${versions.request}) > 0`,
            after === undefined ? undefined : gt(plain(functions.name), after),
          ),
        )
        .orderBy(plain(functions.name))
        .limit(limit),

    async activate(tenant, name, version) {
      const changed = await db
        .update(functions)
        .set({ current: version, kind: sql`${versions.kind}`, updatedAt: sql`now()` })
        .from(versions)
        .where(and(named(tenant, name), versionsOf(tenant, name), eq(versions.version, version)))
        .returning({ name: functions.name });
      return changed.length > 0;
    },

    async delete(tenant, name) {
      const gone = await db
        .delete(functions)
        .where(named(tenant, name))
        .returning({ name: functions.name });
      return gone.length > 0;
    },
  };
}
