import type { BriefCache } from "../../../src/base/brief-cache.ts";
import type { KeyRow, Keys } from "../../store/contract/keys.ts";
import type { Store } from "../../store/contract/store.ts";
import { storeCache } from "../../store/contract/store-cache.ts";
import { formatKey, hashOf, isSecretOf, newKey, parseKey } from "./tenant-key.ts";

/** Key as its owner may see it later. */
export type ShownKey = Omit<KeyRow, "hash">;

/** The keys of all tenants. The store has only their hashes. */
export class Keyring {
  readonly #keys: Keys;
  readonly #cell: string | undefined;
  readonly #rows: BriefCache<KeyRow | undefined>;

  /** Takes the cell of new keys, if there are several. */
  constructor(store: Pick<Store, "keys" | "notices" | "isShared">, cell?: string) {
    this.#keys = store.keys;
    this.#cell = cell;
    this.#rows = storeCache(store);
    store.notices.on("key", ({ key }) => this.#rows.forget(key));
  }

  /**
   * Returns the tenant of a key. A key that another server has revoked is refused once its notice
   * is here, and after five seconds while notices may be lost.
   */
  async tenantOf(text: string): Promise<string | undefined> {
    const key = parseKey(text);
    if (key === undefined) return undefined;
    const row = await this.#rows.get(key.id, () => this.#keys.get(key.id));
    return row !== undefined && isSecretOf(row.hash, key.secret) ? row.tenant : undefined;
  }

  /**
   * Creates a key. Its text is not stored.
   *
   * @throws {StoreConflict} If there is no such tenant.
   */
  async create(tenant: string, label: string): Promise<{ id: string; key: string }> {
    const key = newKey(this.#cell);
    await this.#keys.create({ id: key.id, tenant, label, hash: hashOf(key.secret) });
    this.#rows.forget(key.id);
    return { id: key.id, key: formatKey(key) };
  }

  async list(tenant: string): Promise<ShownKey[]> {
    return (await this.#keys.list(tenant)).map(({ hash, ...shown }) => shown);
  }

  /** Revokes a key. Returns false if this tenant has no such key. */
  async revoke(tenant: string, id: string): Promise<boolean> {
    const existed = await this.#keys.revoke(tenant, id);
    this.#rows.forget(id);
    return existed;
  }

  /** Forgets all keys. Called when a tenant is deleted, because a new one may get the same name. */
  forgetAll(): void {
    this.#rows.clear();
  }
}
