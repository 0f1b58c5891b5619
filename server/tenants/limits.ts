/** Limits of a tenant on this server, beside those of a single execution. */
export interface TenantLimits {
  /** Executions at once. */
  readonly concurrency: number;
  /** Executions that may wait in addition. */
  readonly queue: number;
  /** Sessions at once on one server. Default 8. */
  readonly sessions?: number | undefined;
  /** Executions that may begin within that many seconds. */
  readonly rate?: { readonly requests: number; readonly seconds: number } | undefined;
  /** Limits for each day in UTC: executions, and milliseconds of processor time. */
  readonly budget?:
    | { readonly executions?: number | undefined; readonly cpu?: number | undefined }
    | undefined;
  /** Most bytes of a request's body, if that is less than the server's limit. */
  readonly bodyBytes?: number | undefined;
  /** Days that its executions are kept. Default: the server's. */
  readonly retention?: number | undefined;
  /** Most bytes that it stores. Default: the server's. */
  readonly storage?: number | undefined;
  /** False if no log entries of its executions are kept. Default true, if the server keeps any. */
  readonly keepLogs?: boolean | undefined;
  /** Most bytes of kept log entries. Default: the server's. */
  readonly logStorage?: number | undefined;
}

/** No limits, for a server with one user: only the machine limits it. */
export const NO_LIMITS: TenantLimits = {
  concurrency: Number.POSITIVE_INFINITY,
  queue: Number.POSITIVE_INFINITY,
};
