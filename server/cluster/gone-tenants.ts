import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import type { Runs } from "../runs/runs.ts";
import type { Store } from "../store/contract/store.ts";
import { written } from "../store/contract/written.ts";

export interface GoneTenantsOptions {
  readonly store: Pick<Store, "tenants" | "notices">;
  readonly runs: Pick<Runs, "tenants" | "endAll" | "endIdle" | "suspend" | "resume">;
  readonly onError: (error: unknown) => void;
}

/** Ends what runs here of tenants that any server has suspended, or another one has deleted. */
export class GoneTenants {
  readonly #options: GoneTenantsOptions;
  readonly #closed = new AbortController();
  #unlisten: (() => void) | undefined;

  constructor(options: GoneTenantsOptions) {
    this.#options = options;
  }

  /** Looks at all tenants once notices are back, because one may have been lost. */
  start(): void {
    const { notices } = this.#options.store;
    this.#unlisten = notices.onLoss(() => {
      if (notices.connected)
        for (const { id } of this.#options.runs.tenants()) void this.changed({ id });
    });
  }

  /**
   * Looks whether a tenant is still there, and not suspended. `since` is what requests under way may
   * know of it. Resolves once what it may not run has ended.
   */
  async changed(tenant: KnownTenant): Promise<void> {
    await this.#look(tenant).catch(this.#options.onError);
  }

  close(): void {
    this.#unlisten?.();
    this.#closed.abort();
  }

  async #look({ id, since }: KnownTenant): Promise<void> {
    const { store, runs, onError } = this.#options;
    const known = new Map<string, KnownTenant>();
    for (const tenant of [{ id, since }, ...runs.tenants()]) {
      // The tenant of a server without keys has no row.
      if (tenant.id === id && tenant.since !== undefined) known.set(tenantKey(tenant), tenant);
    }
    const row = await written(() => store.tenants.get(id), onError, this.#closed.signal);
    // Requests that began before may be known nowhere yet, and sandboxes may be kept without any.
    const stopped = row?.suspendedAt ? { id, since: row.createdAt.getTime() } : undefined;
    if (stopped !== undefined) known.set(tenantKey(stopped), stopped);
    if (row === undefined) runs.endIdle(id);
    await Promise.all(
      [...known.values()].map(async (tenant) => {
        if (tenant.since !== row?.createdAt.getTime()) return runs.endAll(tenant);
        if (row?.suspendedAt) return runs.suspend(tenant, { reason: row.suspendedReason });
        runs.resume(tenant);
      }),
    );
  }
}
