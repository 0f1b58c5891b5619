import { Aborted } from "../../src/base/errors.ts";
import type { Tenant } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";

/** A tenant, told from others that had its id. */
export type KnownTenant = Pick<Tenant, "id" | "since">;

/** The tenant was deleted while something was done for it. */
export class TenantGone extends HttpProblem {
  constructor() {
    super(401, "Unauthorized", "UNAUTHORIZED", "The tenant of this key has been deleted", {
      headers: { "WWW-Authenticate": "Bearer" },
    });
  }
}

/** What is under way for each tenant, so that all of it can be ended at once. */
export class Running {
  readonly #tenants = new Map<string, Set<AbortController>>();
  readonly #gone = new Set<string>();
  readonly #onIdle = new Map<string, () => void>();

  /**
   * Notes that something has begun, until `done()`. Its signal is aborted with its caller's, and by
   * `end()`. Throws `TenantGone` after that: somebody may have been let in before it, and be late.
   */
  begin(tenant: KnownTenant, caller?: AbortSignal): { signal: AbortSignal; done: () => void } {
    const key = keyOf(tenant);
    if (this.#gone.has(key)) throw new TenantGone();
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (caller?.aborted) abort();
    caller?.addEventListener("abort", abort);
    const running = this.#tenants.get(key) ?? new Set();
    this.#tenants.set(key, running.add(controller));
    const done = (): void => {
      caller?.removeEventListener("abort", abort);
      running.delete(controller);
      if (running.size > 0 || this.#tenants.get(key) !== running) return;
      this.#tenants.delete(key);
      this.#onIdle.get(key)?.();
    };
    return { signal: controller.signal, done };
  }

  /** Ends all of a tenant's, for good. Resolves when that is over, after `patience` ms at most. */
  async end(tenant: KnownTenant, patience: number): Promise<void> {
    const key = keyOf(tenant);
    this.#gone.add(key);
    const running = this.#tenants.get(key);
    if (running === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      this.#onIdle.set(key, resolve);
      timer = setTimeout(resolve, patience);
    });
    for (const controller of running) controller.abort(new TenantGone());
    await over;
    clearTimeout(timer);
    this.#onIdle.delete(key);
  }
}

/** What an error is to its caller, who has aborted nothing if the end of the tenant has. */
export function causeOf(error: unknown, signal: AbortSignal): unknown {
  return error instanceof Aborted && signal.reason instanceof TenantGone ? signal.reason : error;
}

function keyOf({ id, since }: KnownTenant): string {
  return `${id} ${since}`;
}
