import type { BriefCache } from "../../../src/base/brief-cache.ts";
import type { KeyRow, Keys, ListedKey } from "../../store/contract/keys.ts";
import type { Store } from "../../store/contract/store.ts";
import { storeCache } from "../../store/contract/store-cache.ts";
import { KeyUses } from "./key-uses.ts";
import { formatKey, hashOf, isSecretOf, newKey, parseKey } from "./tenant-key.ts";

/** Key as its owner may see it later. */
export type ShownKey = Omit<ListedKey, "hash" | "tenant">;

/** Scopes and end of a new key. Default: all scopes, without an end. */
export interface KeyRights {
  readonly scopes?: readonly string[] | null | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/** The keys of all tenants. The store has only their hashes. */
export class Keyring {
  readonly #keys: Keys;
  readonly #cell: string | undefined;
  readonly #rows: BriefCache<KeyRow | undefined>;
  readonly #uses: KeyUses;
  readonly #store: Pick<Store, "notices" | "isShared">;

  /** Takes the cell of new keys, if there are several. */
  constructor(store: Pick<Store, "keys" | "notices" | "isShared">, cell?: string) {
    this.#store = store;
    this.#keys = store.keys;
    this.#cell = cell;
    this.#rows = storeCache(store);
    this.#uses = new KeyUses(store.keys);
    store.notices.on("key", ({ key }) => this.#rows.forget(key));
  }

  /**
   * Returns the row of a key, also of one that has expired. A key that another server has revoked is
   * refused once its notice is here, and after five seconds while notices may be lost.
   */
  async find(text: string): Promise<KeyRow | undefined> {
    const key = parseKey(text);
    if (key === undefined) return undefined;
    const row = await this.#rows.get(key.id, () => this.#keys.get(key.id));
    return row !== undefined && isSecretOf(row.hash, key.secret) ? row : undefined;
  }

  /** Notes that a key has opened something. */
  used(id: string): void {
    this.#uses.note(id);
  }

  /**
   * Creates a key. Its text is not stored.
   *
   * @throws {StoreConflict} If there is no such tenant.
   */
  async create(
    tenant: string,
    label: string,
    { scopes = null, expiresAt = null }: KeyRights = {},
  ): Promise<{ id: string; key: string }> {
    const key = newKey(this.#cell);
    const hash = hashOf(key.secret);
    await this.#keys.create({ id: key.id, tenant, label, hash, scopes, expiresAt });
    this.#rows.forget(key.id);
    return { id: key.id, key: formatKey(key) };
  }

  /** Lists a tenant's keys, the oldest first, with their uses here until now. */
  async list(tenant: string): Promise<ShownKey[]> {
    await this.#uses.flush();
    return (await this.#keys.list(tenant)).map(({ hash, tenant: _tenant, ...shown }) => shown);
  }

  /** Writes the uses that are noted. */
  close(): Promise<void> {
    return this.#uses.flush();
  }

  /** Revokes a key. Returns false if this tenant has no such key. */
  async revoke(tenant: string, id: string): Promise<boolean> {
    const existed = await this.#keys.revoke(tenant, id);
    this.#rows.forget(id);
    // A store that no other server uses sends none of its own.
    if (!this.#store.isShared) this.#store.notices.send({ kind: "key", key: id });
    return existed;
  }

  /** Forgets all keys. Called when a tenant is deleted, because a new one may get the same name. */
  forgetAll(): void {
    this.#rows.clear();
  }
}
