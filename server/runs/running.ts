import { Aborted } from "../../src/base/errors.ts";
import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";
import { TenantSuspended } from "../tenants/suspended.ts";

/** The tenant was deleted during the work. */
export class TenantGone extends HttpProblem {
  constructor() {
    super(401, "Unauthorized", "UNAUTHORIZED", "The tenant of this key has been deleted", {
      headers: { "WWW-Authenticate": "Bearer" },
    });
  }
}

/** Tracks the work under way for each tenant, so that all of it can be ended at once. */
export class Running {
  readonly #tenants = new Map<string, Set<AbortController>>();
  /** Tenants with work, by the same keys. */
  readonly #known = new Map<string, KnownTenant>();
  readonly #gone = new Set<string>();
  readonly #suspended = new Map<string, { tenant: KnownTenant; cause: TenantSuspended }>();
  readonly #onIdle = new Map<string, () => void>();

  /**
   * Registers work until `done()`. Its signal is aborted with its caller's, and by `end()` and
   * `suspend()`.
   *
   * @throws {TenantGone} After `end()`, because a late request may have been admitted before it.
   * @throws {TenantSuspended} After `suspend()`, until `resume()`.
   */
  begin(tenant: KnownTenant, caller?: AbortSignal): { signal: AbortSignal; done: () => void } {
    const key = tenantKey(tenant);
    if (this.#gone.has(key)) throw new TenantGone();
    const suspended = this.#suspended.get(key);
    if (suspended !== undefined) throw suspended.cause;
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (caller?.aborted) abort();
    caller?.addEventListener("abort", abort);
    const running = this.#tenants.get(key) ?? new Set();
    this.#tenants.set(key, running.add(controller));
    this.#known.set(key, { id: tenant.id, since: tenant.since });
    const done = (): void => {
      caller?.removeEventListener("abort", abort);
      running.delete(controller);
      if (running.size > 0 || this.#tenants.get(key) !== running) return;
      this.#tenants.delete(key);
      this.#known.delete(key);
      this.#onIdle.get(key)?.();
    };
    return { signal: controller.signal, done };
  }

  /** Lists the tenants with work under way, and suspended ones. */
  tenants(): KnownTenant[] {
    return [...this.#known.values(), ...[...this.#suspended.values()].map(({ tenant }) => tenant)];
  }

  /** Ends all work of a tenant, and refuses more until `resume()`. Resolves as `end()` does. */
  suspend(tenant: KnownTenant, cause: TenantSuspended, patience: number): Promise<void> {
    const key = tenantKey(tenant);
    const { id, since } = tenant;
    this.#suspended.set(key, { tenant: { id, since }, cause });
    return this.#abort(key, cause, patience);
  }

  resume(tenant: KnownTenant): void {
    this.#suspended.delete(tenantKey(tenant));
  }

  /** Ends all work of a tenant for good. Resolves once it is over, or after `patience` ms. */
  async end(tenant: KnownTenant, patience: number): Promise<void> {
    const key = tenantKey(tenant);
    this.#gone.add(key);
    this.#suspended.delete(key);
    await this.#abort(key, new TenantGone(), patience);
  }

  async #abort(key: string, cause: HttpProblem, patience: number): Promise<void> {
    const running = this.#tenants.get(key);
    if (running === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      this.#onIdle.set(key, resolve);
      timer = setTimeout(resolve, patience);
    });
    for (const controller of running) controller.abort(cause);
    await over;
    clearTimeout(timer);
    this.#onIdle.delete(key);
  }
}

/** Returns the error for the caller: the tenant's end or suspension if that has aborted the work. */
export function causeOf(error: unknown, signal: AbortSignal): unknown {
  const { reason } = signal;
  const isTenants = reason instanceof TenantGone || reason instanceof TenantSuspended;
  return error instanceof Aborted && isTenants ? reason : error;
}
