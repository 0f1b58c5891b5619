/** Value for tenants without one of their own. */
const OTHERS = "other";

/** Label `tenant` of metrics: its own value for so many tenants, which are seen first. */
export class TenantLabels {
  /** Names of the label: none without any value. */
  readonly names: readonly "tenant"[];
  readonly #most: number;
  readonly #own = new Set<string>();

  /** `most` is the number of tenants with a value of their own. */
  constructor(most: number) {
    this.#most = most;
    this.names = most > 0 ? ["tenant"] : [];
  }

  of(tenant: string): { readonly tenant?: string } {
    if (this.#most === 0) return {};
    if (this.#own.has(tenant)) return { tenant };
    // A tenant of that name is one of the others.
    if (this.#own.size >= this.#most || tenant === OTHERS) return { tenant: OTHERS };
    this.#own.add(tenant);
    return { tenant };
  }
}
