export interface KeyRow {
  /** Public part of the key. */
  readonly id: string;
  readonly tenant: string;
  /** Name that its owner gave it; may be empty. */
  readonly label: string;
  /** SHA-256 of the secret part, in hexadecimal digits. */
  readonly hash: string;
  /** Scopes of the key; null for all. */
  readonly scopes: readonly string[] | null;
  /** Time from which on it is refused; null for never. */
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
}

export type NewKeyRow = Omit<KeyRow, "createdAt" | "scopes" | "expiresAt"> &
  Partial<Pick<KeyRow, "scopes" | "expiresAt">>;

/** A key with the time of its last noted use. */
export interface ListedKey extends KeyRow {
  readonly lastUsedAt: Date | null;
}

export interface KeyUse {
  readonly key: string;
  readonly at: Date;
}

export interface Keys {
  /**
   * Stores a key.
   *
   * @throws {StoreConflict} If there is no such tenant.
   */
  create(key: NewKeyRow): Promise<void>;
  get(id: string): Promise<KeyRow | undefined>;
  /** Lists a tenant's keys, the oldest first. */
  list(tenant: string): Promise<ListedKey[]>;
  /** Notes uses of keys, in one statement. Ignores keys that do not exist any more. */
  used(uses: readonly KeyUse[]): Promise<void>;
  /** Deletes a key. Returns false if this tenant has no such key. */
  revoke(tenant: string, id: string): Promise<boolean>;
}
