/** An administrative change. */
export interface AuditRow {
  /** UUID of version 7, so that ids sort by the time of their changes. */
  readonly id: string;
  /** Time by the store's clock. */
  readonly at: Date;
  /** `admin`, `key` and the id of a tenant's key, or `anyone` on a server without keys. */
  readonly actor: string;
  readonly action: string;
  /** Id of the tenant whose it is; null for what belongs to none. */
  readonly tenant: string | null;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

export interface AuditFilter {
  readonly tenant?: string | undefined;
  readonly action?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Id of the last row of the page before. Older rows follow. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Log of administrative changes. It outlives the tenants that it names. */
export interface Audit {
  record(row: Omit<AuditRow, "at">): Promise<void>;
  /**
   * Lists changes, the newest first. Searches `MOST_LOOKED_AT` rows only. `next` is the `before` of
   * the next page, if there may be more.
   */
  list(filter: AuditFilter): Promise<{ rows: AuditRow[]; next?: string | undefined }>;
  /** Deletes changes of more than `age` milliseconds ago. Returns their number. */
  prune(age: number): Promise<number>;
}
