import type { KeyRow, Keys } from "../../store/contract/keys.ts";
import { BriefCache } from "../brief-cache.ts";
import { formatKey, hashOf, isSecretOf, newKey, parseKey } from "./tenant-key.ts";

/** What an owner may see of a key after the first time. */
export type ShownKey = Omit<KeyRow, "hash">;

/** The keys of all tenants. The store has their hashes alone. */
export class Keyring {
  readonly #keys: Keys;
  readonly #rows: BriefCache<KeyRow | undefined>;

  constructor(keys: Keys) {
    this.#keys = keys;
    this.#rows = new BriefCache((id) => keys.get(id));
  }

  /** The tenant whose key this text is, revoked at most five seconds ago. */
  async tenantOf(text: string): Promise<string | undefined> {
    const key = parseKey(text);
    if (key === undefined) return undefined;
    const row = await this.#rows.get(key.id);
    return row !== undefined && isSecretOf(row.hash, key.secret) ? row.tenant : undefined;
  }

  /** Makes a key; its text is nowhere kept. Rejects with `StoreConflict` if there is no such tenant. */
  async create(tenant: string, label: string): Promise<{ id: string; key: string }> {
    const key = newKey();
    await this.#keys.create({ id: key.id, tenant, label, hash: hashOf(key.secret) });
    this.#rows.forget(key.id);
    return { id: key.id, key: formatKey(key) };
  }

  async list(tenant: string): Promise<ShownKey[]> {
    return (await this.#keys.list(tenant)).map(({ hash, ...shown }) => shown);
  }

  /** False if this tenant has no such key. */
  async revoke(tenant: string, id: string): Promise<boolean> {
    const existed = await this.#keys.revoke(tenant, id);
    this.#rows.forget(id);
    return existed;
  }

  /** To be called when a tenant is gone, and its keys with it: another may come by the same name. */
  forgetAll(): void {
    this.#rows.clear();
  }
}
