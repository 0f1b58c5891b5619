import type { Route } from "../../api/route.ts";
import type { StorageCounts } from "../../store/storage.ts";
import type { Tenancy } from "../../tenants/tenancy.ts";
import { ownTenantRoutes } from "../tenant.ts";
import { keyRoutes } from "./keys.ts";
import { tenantRoutes } from "./tenants.ts";

/** All about tenants: for their operator, and for themselves. */
export function tenancyRoutes(
  { directory, keyring, quotas }: Tenancy,
  storage: StorageCounts,
): Route[] {
  return [
    ...ownTenantRoutes(quotas, storage),
    ...tenantRoutes(directory),
    ...keyRoutes(keyring, directory),
  ];
}
