import type { Page } from "./page.ts";

export interface TenantRow {
  readonly id: string;
  /** As `server/tenants/tenant-settings.ts` has checked them, without what is secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Variables and database URL as a sealed text, which only the server's secret key opens. */
  readonly secrets: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Tenants {
  /**
   * Makes it, or replaces all of it. Says whether it is new: then there is nothing of one before it, but for
   * the tenant of a host without tenants, which goes on under its id.
   */
  put(tenant: Pick<TenantRow, "id" | "settings" | "secrets">): Promise<{ created: boolean }>;
  get(id: string): Promise<TenantRow | undefined>;
  /** By id. */
  list(page: Page): Promise<TenantRow[]>;
  /** With everything that is its own. False if there is none. */
  delete(id: string): Promise<boolean>;
}
