import type { Page } from "./page.ts";

export interface TenantRow {
  readonly id: string;
  /** Settings without secrets, as checked by `server/tenants/secret-settings.ts`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Variables and database URL as a sealed text, which only the server's secret key opens. */
  readonly secrets: string | null;
  /** Number of changes so far. A server of an earlier version counts none. */
  readonly revision: number;
  /** Time since which it is suspended; null if it is not. */
  readonly suspendedAt: Date | null;
  readonly suspendedReason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** State of a row, which every change makes another one. */
export type TenantState = Pick<TenantRow, "revision" | "updatedAt">;

export interface Tenants {
  /**
   * Creates a tenant or replaces its settings. Returns whether it is new. A new tenant has no data of
   * an earlier one with its id. The tenant of a single-user host is an exception: its data stays under
   * its id.
   *
   * With `expected`, returns `undefined`, without any change, unless its row is in that state. `null`
   * stands for no row.
   */
  put(
    tenant: Pick<TenantRow, "id" | "settings" | "secrets">,
    expected?: TenantState | null,
  ): Promise<{ created: boolean } | undefined>;
  /**
   * Suspends a tenant, or resumes it with `null`. It stays suspended since the first time. Returns
   * false if there is none.
   */
  suspend(id: string, suspended: { readonly reason: string | null } | null): Promise<boolean>;
  get(id: string): Promise<TenantRow | undefined>;
  /** Lists tenants by id. */
  list(page: Page): Promise<TenantRow[]>;
  /** Deletes a tenant with all its data. Returns false if there is none. */
  delete(id: string): Promise<boolean>;
}
