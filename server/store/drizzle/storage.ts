import { eq, type SQL, sql } from "drizzle-orm";
import { STORED_KINDS } from "../../../src/contract/tenants.ts";
import { MOST_ROWS, type StorageCounts, type StoredKind } from "../contract/storage.ts";
import type { Database } from "./database.ts";
import { storage } from "./schema.ts";

/** Tables of the kinds that are counted again. */
const TABLES = {
  functions: "functions",
  versions: "function_versions",
  jobs: "jobs",
  idempotency: "idempotency",
  resources: "resources",
  domains: "domains",
  types: "types",
  packages: "package_sets",
  secrets: "secrets",
  schedules: "schedules",
  hosts: "hosts",
  logs: "execution_logs",
} as const satisfies Record<Exclude<StoredKind, "executions">, string>;

/**
 * Makes a part of a statement that adds a tenant's rows: it records the tenant's limits. The
 * tables' triggers read them at the end of the statement. They undo the whole statement beyond a
 * limit.
 */
export function roomFor(
  tenant: string,
  limit: number,
  kinds: readonly (keyof typeof MOST_ROWS)[],
): SQL {
  const bounds = [["", limit] as const, ...kinds.map((kind) => [kind, MOST_ROWS[kind]] as const)];
  const rows = bounds.map(
    ([kind, most]) => sql`(${sql.param(tenant, storage.tenant)}, ${kind}, ${most}::bigint)`,
  );
  return sql`insert into ${storage} (tenant, kind, most) values ${sql.join(rows, sql`, `)}
    on conflict (tenant, kind) do update set most = excluded.most
    where ${storage.most} is distinct from excluded.most returning kind`;
}

export function drizzleStorage(db: Database, defaultLimit: number): StorageCounts {
  return {
    async used(tenant, limit = defaultLimit) {
      const rows = await db.select().from(storage).where(eq(storage.tenant, tenant));
      const of = (wanted: string) => {
        const { bytes = 0, count = 0 } = rows.find(({ kind }) => kind === wanted) ?? {};
        return { bytes, count };
      };
      const kinds = Object.fromEntries(STORED_KINDS.map((kind) => [kind, of(kind)]));
      return {
        bytes: of("").bytes,
        limit,
        kinds: kinds as Record<StoredKind, (typeof rows)[number]>,
      };
    },

    async recount() {
      const tenants = await db.selectDistinct({ tenant: storage.tenant }).from(storage);
      for (const { tenant } of tenants) {
        for (const [kind, table] of Object.entries(TABLES)) {
          const counted = sql`${`isolate.${table}`}::regclass`;
          await db.execute(sql`select isolate.recount_storage(${tenant}, ${kind}, ${counted})`);
        }
      }
      // Rows of tenants that no longer exist.
      await db.execute(sql`delete from ${storage} as s where s.kind = '' and s.count = 0
        and not exists (select from ${storage} as o where o.tenant = s.tenant and o.count > 0)`);
    },
  };
}
