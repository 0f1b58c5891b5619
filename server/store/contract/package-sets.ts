import type { Lock } from "../../../src/packages/types.ts";
import type { Page } from "./page.ts";

/** Owner of the operator's sets. No tenant has this id. */
export const OPERATOR = "";

/** A prepared set of packages. */
export interface PackageSetRow {
  /** Owner: a tenant, or `OPERATOR`. */
  readonly tenant: string;
  readonly name: string;
  readonly lock: Lock;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A set with what its lock was made for. A page of whole locks could have a hundred megabytes. */
export interface PackageSetOutline extends Omit<PackageSetRow, "lock"> {
  readonly lock: Omit<Lock, "packages">;
}

export interface PackageSets {
  /**
   * Adds a set or replaces its lock. Returns the row, and whether it is new.
   *
   * @throws {StorageFull} Beyond the `limit` bytes that the tenant may store, and beyond its sets.
   */
  put(
    set: Pick<PackageSetRow, "tenant" | "name" | "lock">,
    limit?: number,
  ): Promise<{ readonly set: PackageSetRow; readonly created: boolean }>;
  get(tenant: string, name: string): Promise<PackageSetRow | undefined>;
  /** Lists sets by name. */
  list(tenant: string, page: Page): Promise<PackageSetOutline[]>;
  /** Deletes a set. Returns false if there is none. */
  delete(tenant: string, name: string): Promise<boolean>;
}
