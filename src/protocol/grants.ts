/** What a Worker may do: each key is said, since what an absent one means is the runtime's to decide. */
export interface WorkerPermissions {
  readonly env: readonly string[] | false;
  readonly net: readonly string[] | boolean;
  readonly read: readonly string[] | false;
  readonly write: readonly string[] | false;
  readonly sys: readonly string[] | false;
  readonly run: false;
  readonly ffi: false;
  readonly import: false;
}

/** What a Worker is made for. */
export interface WorkerGrant extends WorkerPermissions {
  /** Whether it has the way to its tenant's database. */
  readonly database?: boolean;
}

/** What one job may reach, as the sandbox is told: a Worker of its own, and what that Worker finds. */
export interface Grants {
  readonly worker: WorkerGrant;
  /** Variables that are set for the job, beside those of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the way to the egress proxy is to be open. */
  readonly proxy: boolean;
}
