import { type Auth, OpenAuth } from "../api/auth.ts";
import { KeyAuth } from "../auth/key-auth.ts";
import { Keyring } from "../auth/keyring.ts";
import { Quotas } from "../quotas/quotas.ts";
import type { Store } from "../store/store.ts";
import { TenantDirectory } from "./directory.ts";
import { Sealer } from "./seal.ts";

export interface TenancyOptions {
  readonly store: Pick<Store, "tenants" | "keys" | "executions">;
  /** The operator's key; without one, there is one tenant, and no key. */
  readonly adminKey?: string | undefined;
  readonly secretKey?: Uint8Array | undefined;
}

/** Who may use this server, and how much. */
export interface Tenancy {
  readonly auth: Auth;
  readonly directory: TenantDirectory;
  readonly keyring: Keyring;
  readonly quotas: Quotas;
}

export function createTenancy({ store, adminKey, secretKey }: TenancyOptions): Tenancy {
  const keyring = new Keyring(store.keys);
  const quotas = new Quotas(store.executions);
  const directory = new TenantDirectory({
    tenants: store.tenants,
    sealer: secretKey && new Sealer(secretKey),
    onDeleted: () => keyring.forgetAll(),
  });
  const auth = adminKey === undefined ? new OpenAuth() : new KeyAuth(adminKey, keyring, directory);
  return { auth, directory, keyring, quotas };
}
