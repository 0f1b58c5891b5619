import { LRUCache } from "lru-cache";
import type { Config } from "../config/config.ts";
import type { DatabaseConfig } from "../config/database.ts";
import type { Tenant } from "../request/tenant.ts";

/** What an execution may be given that belongs to somebody. */
export interface TenantResources {
  readonly env: Readonly<Record<string, string>>;
  readonly db: DatabaseConfig;
}

/** Databases whose settings are kept: reading a URL and the files it names takes a while. */
const MAX_KEPT = 1_000;

type TenantResourcesOf = (tenant: Tenant) => TenantResources;

const owners = new WeakMap<Config, TenantResourcesOf>();

/** What says what is a tenant's own: on a host without tenants, all that the host has. */
export function tenantResources(config: Config): TenantResourcesOf {
  const known = owners.get(config) ?? makeOwner(config);
  owners.set(config, known);
  return known;
}

function makeOwner(config: Config): TenantResourcesOf {
  const hosts = { env: config.env, db: config.db };
  if (!config.tenants) return () => hosts;
  const { url: _hosts, ...settings } = config.db;
  // The servers to fall back on are the host's database's.
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
