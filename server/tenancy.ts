import { Quotas } from "./quotas/quotas.ts";
import type { Store } from "./store/contract/store.ts";
import { type Auth, OpenAuth } from "./tenants/auth.ts";
import { type DirectoryOptions, TenantDirectory } from "./tenants/directory.ts";
import { KeyAuth } from "./tenants/keys/key-auth.ts";
import { Keyring } from "./tenants/keys/keyring.ts";
import { Sealer } from "./tenants/seal.ts";

export interface TenancyOptions {
  readonly store: Pick<Store, "tenants" | "keys" | "executions">;
  /** Key of the operator. Without it, there is one tenant and no key. */
  readonly adminKey?: string | undefined;
  readonly secretKey?: Uint8Array | undefined;
  /** Levels of tenants whose settings name none. Default: `container` only. */
  readonly tenantLevels?: DirectoryOptions["levels"];
  /** Milliseconds for which an execution waits for others of its tenant. Default 60,000. */
  readonly queueTimeout?: number | undefined;
  /** Ends a tenant's executions and prevents new ones. Called before the tenant is deleted. */
  readonly end?: DirectoryOptions["end"];
}

/** Tenants of this server, their keys and quotas. */
export interface Tenancy {
  readonly auth: Auth;
  readonly directory: TenantDirectory;
  readonly keyring: Keyring;
  readonly quotas: Quotas;
}

export function createTenancy(options: TenancyOptions): Tenancy {
  const { store, adminKey, secretKey, tenantLevels, queueTimeout, end } = options;
  const keyring = new Keyring(store.keys);
  const quotas = new Quotas(store.executions, { patience: queueTimeout });
  const directory = new TenantDirectory({
    tenants: store.tenants,
    sealer: secretKey && new Sealer(secretKey),
    levels: tenantLevels,
    end,
    onDeleted: () => keyring.forgetAll(),
  });
  const auth = adminKey === undefined ? new OpenAuth() : new KeyAuth(adminKey, keyring, directory);
  return { auth, directory, keyring, quotas };
}
