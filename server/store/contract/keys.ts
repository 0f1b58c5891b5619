export interface KeyRow {
  /** Public part of the key. */
  readonly id: string;
  readonly tenant: string;
  /** Name that its owner gave it; may be empty. */
  readonly label: string;
  /** SHA-256 of the secret part, in hexadecimal digits. */
  readonly hash: string;
  readonly createdAt: Date;
}

export interface Keys {
  /**
   * Stores a key.
   *
   * @throws {StoreConflict} If there is no such tenant.
   */
  create(key: Omit<KeyRow, "createdAt">): Promise<void>;
  get(id: string): Promise<KeyRow | undefined>;
  /** Lists a tenant's keys, the oldest first. */
  list(tenant: string): Promise<KeyRow[]>;
  /** Deletes a key. Returns false if this tenant has no such key. */
  revoke(tenant: string, id: string): Promise<boolean>;
}
