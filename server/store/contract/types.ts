import type { BundledType } from "../../../src/resourcex/types/type.ts";
import type { Page } from "./page.ts";

/** Characters of what describes the types of one page, but for the last of them. */
export const MOST_DESCRIBED = 1_048_576;

/** A type of resources that a tenant has brought; never changed. */
export interface TypeRow {
  readonly tenant: string;
  readonly name: string;
  readonly type: BundledType;
  readonly createdAt: Date;
}

/** What a type is, without its code, as JSON: values of a page would hold up the loop that serves requests. */
export interface DescribedRow {
  readonly name: string;
  readonly described: string;
}

export interface Types {
  /**
   * Rejects with `StoreConflict` if one of its names, aliases included, is another one's of the tenant, and
   * with `StorageFull` beyond the `limit` bytes that the tenant may store.
   */
  add(tenant: string, type: BundledType, limit?: number): Promise<void>;
  /** By its name or an alias. */
  get(tenant: string, name: string): Promise<TypeRow | undefined>;
  /** By name; of large ones, fewer than the page may have. `more` is whether others follow. */
  list(
    tenant: string,
    page: Page,
  ): Promise<{ readonly types: DescribedRow[]; readonly more: boolean }>;
}
