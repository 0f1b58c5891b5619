import type { BundledType } from "../../../src/resourcex/types/type.ts";
import type { Page } from "./page.ts";

/** Most characters of a page's descriptions. The last one may exceed it. */
export const MOST_DESCRIBED = 1_048_576;

/** A resource type of a tenant. It never changes. */
export interface TypeRow {
  readonly tenant: string;
  readonly name: string;
  readonly type: BundledType;
  readonly createdAt: Date;
}

/**
 * Description of a type without its code, as JSON. Parsing a page of them would block the event
 * loop for too long.
 */
export interface DescribedRow {
  readonly name: string;
  readonly described: string;
}

export interface Types {
  /**
   * Adds a type.
   *
   * @throws {StoreConflict} If another type of the tenant has one of its names, including aliases.
   * @throws {StorageFull} Beyond the `limit` bytes that the tenant may store.
   */
  add(tenant: string, type: BundledType, limit?: number): Promise<void>;
  /** Returns the type with that name or alias. */
  get(tenant: string, name: string): Promise<TypeRow | undefined>;
  /**
   * Lists types by name; fewer than the page's limit if they are large. `more` tells whether others
   * follow.
   */
  list(
    tenant: string,
    page: Page,
  ): Promise<{ readonly types: DescribedRow[]; readonly more: boolean }>;
}
