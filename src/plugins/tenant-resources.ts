import { LRUCache } from "lru-cache";
import type { Config } from "../config/config.ts";
import type { DatabaseConfig } from "../config/database.ts";
import type { Tenant } from "../request/tenant.ts";

/** Variables and database that a tenant's executions may use. */
export interface TenantResources {
  readonly env: Readonly<Record<string, string>>;
  readonly db: DatabaseConfig;
}

/** Databases whose settings are cached. Reading a URL and the files it names is slow. */
const MAX_KEPT = 1_000;

type TenantResourcesOf = (tenant: Tenant) => TenantResources;

const caches = new WeakMap<Config, TenantResourcesOf>();

/**
 * Returns a function that gives a tenant's variables and database. Without tenants, these are the
 * host's.
 */
export function tenantResources(config: Config): TenantResourcesOf {
  const known = caches.get(config) ?? resourcesBy(config);
  caches.set(config, known);
  return known;
}

function resourcesBy(config: Config): TenantResourcesOf {
  const hosts = { env: config.env, db: config.db };
  if (!config.tenants) return () => hosts;
  const { url: _hosts, ...settings } = config.db;
  // The fallback servers belong to the host's database.
  const none: DatabaseConfig = { ...settings, hosts: [] };
  const kept = new LRUCache<string, DatabaseConfig>({ max: MAX_KEPT });
  const databaseOf = (url: string | null | undefined): DatabaseConfig => {
    if (url === null || url === undefined) return none;
    const known = kept.get(url) ?? { ...none, url };
    kept.set(url, known);
    return known;
  };
  return ({ env = {}, database }) => ({ env, db: databaseOf(database) });
}
