import type { NodeRegistry } from "../../cluster/node-registry.ts";
import type { Route } from "../../http/route.ts";
import type { Quotas } from "../../quotas/quotas.ts";
import type { ExecutionWriter } from "../../runs/execution-writer.ts";
import type { Store } from "../../store/contract/store.ts";
import type { Auth } from "../../tenants/auth.ts";
import type { TenantDirectory } from "../../tenants/directory.ts";
import type { Keyring } from "../../tenants/keys/keyring.ts";
import { ownKeyRoutes } from "../keys.ts";
import { ownTenantRoutes } from "../tenant.ts";
import { auditRoutes } from "./audit.ts";
import { allExecutionsRoutes } from "./executions.ts";
import { keyRoutes } from "./keys.ts";
import { nodeRoutes } from "./nodes.ts";
import { tenantRoutes } from "./tenants.ts";

export interface TenancyRoutesOptions {
  readonly auth: Auth;
  readonly directory: TenantDirectory;
  readonly keyring: Keyring;
  readonly quotas: Quotas;
}

export interface TenancyServices {
  readonly store: Store;
  readonly nodes: NodeRegistry;
  readonly executionWriter: ExecutionWriter;
}

/** Makes all routes for tenants: the operator's and their own. */
export function tenancyRoutes(
  { auth, directory, keyring, quotas }: TenancyRoutesOptions,
  { store, nodes, executionWriter }: TenancyServices,
): Route[] {
  const { storage } = store;
  return [
    ...ownTenantRoutes(quotas, storage),
    ...ownKeyRoutes(keyring, auth),
    ...tenantRoutes({ directory, quotas, storage }),
    ...keyRoutes(keyring, directory),
    ...nodeRoutes(nodes),
    ...allExecutionsRoutes({ store, executionWriter }),
    ...auditRoutes(store.audit),
  ];
}
