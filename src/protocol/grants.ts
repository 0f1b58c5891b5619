/**
 * Permissions of a Worker. Every key is present, because the runtime decides what absence means.
 */
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

/** Permissions that a Worker is made with. */
export interface WorkerGrant extends WorkerPermissions {
  /** True if it can connect to its tenant's database. */
  readonly database?: boolean;
  /** True if its clocks may step by less than a millisecond. */
  readonly hrtime?: boolean;
}

/**
 * Permissions of one job, as the sandbox gets them: those of its own Worker, and its environment.
 */
export interface Grants {
  readonly worker: WorkerGrant;
  /** Variables set for the job, beside those of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** True if the connection to the egress proxy is to be open. */
  readonly proxy: boolean;
}
