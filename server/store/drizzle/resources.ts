import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Resources } from "../resources.ts";
import { type Database, plain } from "./database.ts";
import { domains, resources } from "./schema.ts";

export function drizzleResources(db: Database): Resources {
  const ownerOf = async (domain: string): Promise<string | undefined> => {
    const [row] = await db.select().from(domains).where(eq(domains.domain, domain));
    return row?.tenant;
  };

  const domainOf = async (locator: string): Promise<string | undefined> => {
    const { domain } = resources;
    const [row] = await db.select({ domain }).from(resources).where(eq(resources.locator, locator));
    return row?.domain;
  };

  return {
    async publish(tenant, { locator, domain, manifest, archive }) {
      // Also the row of one that is there comes back from this, locked.
      const owner = sql`insert into ${domains} (domain, tenant)
        values (${sql.param(domain, domains.domain)}, ${tenant})
        on conflict (domain) do update set domain = excluded.domain returning domain, tenant`;
      const values = sql`${sql.param(locator, resources.locator)}::text, owner.domain,
        ${sql.param(manifest, resources.manifest)}::text,
        ${sql.param(archive, resources.archive)}::bytea`;
      const { rows } = (await db.execute(sql`with owner as (${owner})
        insert into ${resources} (locator, domain, manifest, archive)
        select ${values} from owner where owner.tenant = ${tenant}
        on conflict do nothing returning 1`)) as { rows: unknown[] };
      if (rows.length > 0) return "published";
      return (await ownerOf(domain)) === tenant ? "exists" : "forbidden";
    },

    async get(locator) {
      const { domain, manifest } = resources;
      const [row] = await db
        .select({ locator: resources.locator, domain, manifest })
        .from(resources)
        .where(eq(resources.locator, locator));
      return row;
    },

    async archive(locator) {
      const { archive } = resources;
      const [row] = await db
        .select({ archive })
        .from(resources)
        .where(eq(resources.locator, locator));
      return row?.archive;
    },

    async delete(tenant, locator) {
      const owned = db
        .select({ domain: domains.domain })
        .from(domains)
        .where(and(eq(domains.tenant, tenant), eq(domains.domain, resources.domain)));
      const gone = await db
        .delete(resources)
        .where(and(eq(resources.locator, locator), sql`exists ${owned}`))
        .returning({ locator: resources.locator });
      if (gone.length > 0) return "deleted";
      return (await domainOf(locator)) === undefined ? "missing" : "forbidden";
    },

    async list({ after, limit }) {
      const { locator } = resources;
      const rows = await db
        .select({ locator })
        .from(resources)
        .where(after === undefined ? undefined : gt(plain(locator), after))
        .orderBy(asc(plain(locator)))
        .limit(limit);
      return rows.map((row) => row.locator);
    },
  };
}
