import type { BundledType } from "../../src/resourcex/type.ts";

/** A type of resources that a tenant has brought; never changed. */
export interface TypeRow {
  readonly tenant: string;
  readonly name: string;
  readonly type: BundledType;
  readonly createdAt: Date;
}

export interface Types {
  /**
   * Rejects with `StoreConflict` if one of its names, aliases included, is another one's of the tenant, and
   * with `StorageFull` beyond the `limit` bytes that the tenant may store.
   */
  add(tenant: string, type: BundledType, limit?: number): Promise<void>;
  /** By its name or an alias. */
  get(tenant: string, name: string): Promise<TypeRow | undefined>;
  /** The oldest first, without their code. */
  list(tenant: string): Promise<Omit<BundledType, "code">[]>;
}
