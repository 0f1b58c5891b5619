import { and, asc, count, desc, eq, sql } from "drizzle-orm";
import {
  MOST_FOUND,
  type ResourceName,
  type ResourceSearch,
  type Resources,
} from "../contract/resources.ts";
import { type Database, plain } from "./database.ts";
import { domains, resources, tenants } from "./schema.ts";
import { roomFor } from "./storage.ts";

const isSuspended = sql<boolean>`exists (select from ${tenants} as t
  where t.id = ${resources.tenant} and t.suspended_at is not null)`;

export function drizzleResources(db: Database, defaultLimit: number): Resources {
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
    async publish(tenant, { locator, domain, manifest, archive }, limit = defaultLimit) {
      // It also locks and returns an existing row.
      const owner = sql`insert into ${domains} (domain, tenant)
        values (${sql.param(domain, domains.domain)}, ${tenant})
        on conflict (domain) do update set domain = excluded.domain returning domain, tenant`;
      const values = sql`${sql.param(locator, resources.locator)}::text, owner.domain,
        owner.tenant, ${sql.param(searchedText(locator), resources.search)}::text,
        ${sql.param(manifest, resources.manifest)}::text,
        ${sql.param(archive, resources.archive)}::bytea`;
      const { rows } = (await db.execute(sql`with owner as (${owner}),
        room as (${roomFor(tenant, limit, ["domains", "resources"])})
        insert into ${resources} (locator, domain, tenant, search, manifest, archive)
        select ${values} from owner where owner.tenant = ${tenant}
        on conflict do nothing returning 1`)) as { rows: unknown[] };
      if (rows.length > 0) return "published";
      return (await ownerOf(domain)) === tenant ? "exists" : "forbidden";
    },

    async get(locator) {
      const { domain, manifest, archive } = resources;
      // The length is stored beside the bytes, so it is known without reading them.
      const archiveBytes = sql<number>`octet_length(${archive})`.mapWith(Number);
      const [row] = await db
        .select({ locator: resources.locator, domain, manifest, archiveBytes, isSuspended })
        .from(resources)
        .where(eq(resources.locator, locator));
      return row;
    },

    async named({ limit, ...name }) {
      const { locator, updatedAt } = resources;
      const rows = await db
        .select({ locator })
        .from(resources)
        .where(called(name))
        .orderBy(desc(updatedAt), desc(plain(locator)))
        .limit(limit);
      return rows.map((row) => row.locator);
    },

    async archive(resource) {
      const { archive } = resources;
      const [row] = await db
        .select({ archive })
        .from(resources)
        .where(and(same(resource), sql`not ${isSuspended}`));
      return row?.archive;
    },

    async delete(tenant, locator, manifest) {
      const owned = db
        .select({ domain: domains.domain })
        .from(domains)
        .where(and(eq(domains.tenant, tenant), eq(domains.domain, resources.domain)));
      const gone = await db
        .delete(resources)
        .where(and(same({ locator, manifest }), sql`exists ${owned}`))
        .returning({ locator: resources.locator });
      if (gone.length > 0) return "deleted";
      const domain = await domainOf(locator);
      if (domain === undefined) return "missing";
      return (await ownerOf(domain)) === tenant ? "missing" : "forbidden";
    },

    async search({ offset, limit, ...wanted }) {
      const { locator } = resources;
      const condition = and(foundBy(wanted), sql`not ${isSuspended}`);
      const rows = await db
        .select({ locator })
        .from(resources)
        .where(condition)
        .orderBy(asc(plain(locator)))
        .offset(offset)
        .limit(limit);
      const found = db.select({ locator }).from(resources).where(condition).limit(MOST_FOUND);
      const [counted] = await db.select({ total: count() }).from(found.as("found"));
      return { locators: rows.map((row) => row.locator), total: counted?.total ?? 0 };
    },
  };
}

function same({ locator, manifest }: { locator: string; manifest?: object | undefined }) {
  const isManifest = manifest && eq(resources.manifest, manifest);
  return and(eq(resources.locator, locator), isManifest);
}

/** Returns a locator's domain, path, name and type in lower case, for searches. */
function searchedText(locator: string): string {
  const [rest = ""] = locator.split("@");
  return rest.toLowerCase();
}

function called({ domain, stem, version }: Omit<ResourceName, "limit">) {
  const { locator } = resources;
  const before = `${stem}.`;
  // Behind the name there must be one type: no more of a name with dots, and no more of a path.
  const type = sql`right(split_part(${locator}, '@', 1), -length(${before}::text))`;
  return and(
    eq(resources.domain, domain),
    sql`starts_with(${locator}, ${before})`,
    sql`${type} ~ '^[^./]+$'`,
    version === undefined
      ? undefined
      : sql`right(${locator}, -strpos(${locator}, '@')) = ${version}`,
  );
}

function foundBy({ text, domain, type }: Pick<ResourceSearch, "text" | "domain" | "type">) {
  const { locator, search } = resources;
  // The type follows the last dot of the last segment.
  const isType = type !== undefined && type !== "" && !/[./]/.test(type);
  return and(
    text === "" ? undefined : sql`position(${text.toLowerCase()} in ${search}) > 0`,
    domain === undefined
      ? undefined
      : and(
          eq(resources.domain, domain.toLowerCase()),
          sql`starts_with(${locator}, ${`${domain}/`})`,
        ),
    type === undefined
      ? undefined
      : isType
        ? sql`right(split_part(${locator}, '@', 1), length(${type}) + 1) = '.' || ${type}`
        : sql`false`,
  );
}
