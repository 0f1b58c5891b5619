export interface KeyRow {
  /** The part of a key that is no secret. */
  readonly id: string;
  readonly tenant: string;
  /** What its owner calls it; may be empty. */
  readonly label: string;
  /** SHA-256 of the secret part, as hexadecimal digits. */
  readonly hash: string;
  readonly createdAt: Date;
}

export interface Keys {
  /** Rejects with `StoreConflict` if there is no such tenant. */
  create(key: Omit<KeyRow, "createdAt">): Promise<void>;
  get(id: string): Promise<KeyRow | undefined>;
  /** The oldest first. */
  list(tenant: string): Promise<KeyRow[]>;
  /** False if this tenant has no such key. */
  revoke(tenant: string, id: string): Promise<boolean>;
}
