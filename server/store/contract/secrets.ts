import type { Page } from "./page.ts";

/** A secret of a tenant, without its value. */
export interface SecretOutline {
  readonly tenant: string;
  /** Name of the variable as which code finds it. */
  readonly name: string;
  /** Number of the times that it was written since it exists. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface SecretRow extends SecretOutline {
  /** Encrypted value. The store cannot open it. */
  readonly sealed: string;
}

export interface Secrets {
  /**
   * Adds a secret or replaces its value. Returns the row, and whether it is new.
   *
   * @throws {StorageFull} Beyond the `limit` bytes that the tenant may store, and beyond its secrets.
   */
  put(
    secret: Pick<SecretRow, "tenant" | "name" | "sealed">,
    limit?: number,
  ): Promise<{ readonly secret: SecretOutline; readonly created: boolean }>;
  get(tenant: string, name: string): Promise<SecretRow | undefined>;
  /** Lists secrets by name. */
  list(tenant: string, page: Page): Promise<SecretOutline[]>;
  /** Deletes a secret. Returns false if there is none. */
  delete(tenant: string, name: string): Promise<boolean>;
}
