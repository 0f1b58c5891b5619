import type { Route } from "../../api/route.ts";
import type { Keyring } from "../../auth/keyring.ts";
import type { Quotas } from "../../quotas/quotas.ts";
import type { StorageCounts } from "../../store/storage.ts";
import type { TenantDirectory } from "../../tenants/directory.ts";
import { ownTenantRoutes } from "../tenant.ts";
import { keyRoutes } from "./keys.ts";
import { tenantRoutes } from "./tenants.ts";

export interface TenancyRoutesOptions {
  readonly directory: TenantDirectory;
  readonly keyring: Keyring;
  readonly quotas: Quotas;
}

/** All about tenants: for their operator, and for themselves. */
export function tenancyRoutes(
  { directory, keyring, quotas }: TenancyRoutesOptions,
  storage: StorageCounts,
): Route[] {
  return [
    ...ownTenantRoutes(quotas, storage),
    ...tenantRoutes(directory),
    ...keyRoutes(keyring, directory),
  ];
}
