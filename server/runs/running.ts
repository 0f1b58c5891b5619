/** What is under way for each tenant, so that all of it can be ended at once. */
export class Running {
  readonly #tenants = new Map<string, Set<AbortController>>();

  /**
   * Notes that something has begun, until `done()`. Its signal is aborted with its caller's, and by
   * `abort()`.
   */
  begin(tenant: string, caller?: AbortSignal): { signal: AbortSignal; done: () => void } {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (caller?.aborted) abort();
    caller?.addEventListener("abort", abort);
    const running = this.#tenants.get(tenant) ?? new Set();
    this.#tenants.set(tenant, running.add(controller));
    const done = (): void => {
      caller?.removeEventListener("abort", abort);
      running.delete(controller);
      if (running.size === 0 && this.#tenants.get(tenant) === running) this.#tenants.delete(tenant);
    };
    return { signal: controller.signal, done };
  }

  abort(tenant: string): void {
    for (const controller of this.#tenants.get(tenant) ?? []) controller.abort();
  }
}
