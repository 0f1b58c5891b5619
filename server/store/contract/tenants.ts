import type { Page } from "./page.ts";

export interface TenantRow {
  readonly id: string;
  /** Settings without secrets, as checked by `server/tenants/secret-settings.ts`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Variables and database URL as a sealed text, which only the server's secret key opens. */
  readonly secrets: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Tenants {
  /**
   * Creates a tenant or replaces its row. Returns whether it is new. A new tenant has no data of an
   * earlier one with its id. The tenant of a single-user host is an exception: its data stays under
   * its id.
   */
  put(tenant: Pick<TenantRow, "id" | "settings" | "secrets">): Promise<{ created: boolean }>;
  get(id: string): Promise<TenantRow | undefined>;
  /** Lists tenants by id. */
  list(page: Page): Promise<TenantRow[]>;
  /** Deletes a tenant with all its data. Returns false if there is none. */
  delete(id: string): Promise<boolean>;
}
