/**
 * Counts bytes of tenants that wait together. A tenant may have at most as many as it leaves free
 * for all others.
 */
export class WaitingBytes {
  readonly #limit: number;
  readonly #tenants = new Map<string, number>();
  #all = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts bytes of a tenant, if there is room. */
  take(tenant: string, bytes: number): boolean {
    const own = (this.#tenants.get(tenant) ?? 0) + bytes;
    if (own + this.#all + bytes > this.#limit) return false;
    this.#tenants.set(tenant, own);
    this.#all += bytes;
    return true;
  }

  give(tenant: string, bytes: number): void {
    const own = (this.#tenants.get(tenant) ?? 0) - bytes;
    if (own > 0) this.#tenants.set(tenant, own);
    else this.#tenants.delete(tenant);
    this.#all -= bytes;
  }
}
