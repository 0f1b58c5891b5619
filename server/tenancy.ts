import { randomUUID } from "node:crypto";
import { Quotas } from "./quotas/quotas.ts";
import { Refusals } from "./quotas/refusals.ts";
import { TenantSecrets } from "./secrets/tenant-secrets.ts";
import type { Store } from "./store/contract/store.ts";
import { type Auth, OpenAuth } from "./tenants/auth.ts";
import { type DirectoryOptions, TenantDirectory } from "./tenants/directory.ts";
import { KeyAuth } from "./tenants/keys/key-auth.ts";
import { Keyring } from "./tenants/keys/keyring.ts";
import { Sealer } from "./tenants/seal.ts";

export interface TenancyOptions {
  readonly store: Pick<
    Store,
    "tenants" | "keys" | "secrets" | "executions" | "leases" | "notices" | "isShared"
  >;
  /** Id of this server among those that share the store. Default: a new one. */
  readonly nodeId?: string | undefined;
  /** Key of the operator. Without it, there is one tenant and no key. */
  readonly adminKey?: string | undefined;
  readonly secretKey?: Uint8Array | undefined;
  /** Levels of tenants whose settings name none. Default: `container` only. */
  readonly tenantLevels?: DirectoryOptions["levels"];
  /** Two digits that begin the ids of new keys. Default: none. */
  readonly cell?: string | undefined;
  /** Milliseconds for which an execution waits for others of its tenant. Default 60,000. */
  readonly queueTimeout?: number | undefined;
  /** Ends a tenant's executions and prevents new ones. Called before the tenant is deleted. */
  readonly end?: DirectoryOptions["end"];
  /** Called after any server has changed or deleted a tenant. */
  readonly onChanged?: DirectoryOptions["onChanged"];
}

/** Tenants of this server, their keys and quotas. */
export interface Tenancy {
  readonly auth: Auth;
  readonly directory: TenantDirectory;
  readonly keyring: Keyring;
  readonly quotas: Quotas;
  readonly refusals: Refusals;
  readonly secrets: TenantSecrets;
  /** Gives what is leased of the tenants' limits back to other servers, once nothing runs any more. */
  close(): Promise<void>;
}

export function createTenancy(options: TenancyOptions): Tenancy {
  const { store, adminKey, secretKey, tenantLevels, queueTimeout, end, onChanged } = options;
  const { nodeId = randomUUID() } = options;
  const keyring = new Keyring(store, options.cell);
  const leases = store.isShared ? store.leases : undefined;
  const shared = leases && { leases, node: nodeId };
  const quotas = new Quotas(store.executions, { patience: queueTimeout, shared });
  const refusals = new Refusals(leases);
  const sealer = secretKey && new Sealer(secretKey);
  const secrets = new TenantSecrets(store, sealer);
  const directory = new TenantDirectory({
    store,
    sealer,
    levels: tenantLevels,
    end,
    onChanged,
    onDeleted: (tenant) => {
      keyring.forgetAll();
      secrets.forgetAll(tenant);
      // A store that no other server uses sends none of its own.
      if (!store.isShared) store.notices.send({ kind: "tenant", tenant });
    },
  });
  const auth = adminKey === undefined ? new OpenAuth() : new KeyAuth(adminKey, keyring, directory);
  const close = async (): Promise<void> => {
    refusals.close();
    await Promise.all([keyring.close(), quotas.close()]);
  };
  return { auth, directory, keyring, quotas, refusals, secrets, close };
}
