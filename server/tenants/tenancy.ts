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
  /** Told of a tenant that is gone: what it runs is to end. */
  readonly onDeleted?: (tenant: string) => void;
}

/** Who may use this server, and how much. */
export interface Tenancy {
  readonly auth: Auth;
  readonly directory: TenantDirectory;
  readonly keyring: Keyring;
  readonly quotas: Quotas;
}

export function createTenancy(options: TenancyOptions): Tenancy {
  const { store, adminKey, secretKey, onDeleted } = options;
  const keyring = new Keyring(store.keys);
  const quotas = new Quotas(store.executions);
  const directory = new TenantDirectory({
    tenants: store.tenants,
    sealer: secretKey && new Sealer(secretKey),
    onDeleted: (tenant) => {
      keyring.forgetAll();
      onDeleted?.(tenant);
    },
  });
  const auth = adminKey === undefined ? new OpenAuth() : new KeyAuth(adminKey, keyring, directory);
  return { auth, directory, keyring, quotas };
}
