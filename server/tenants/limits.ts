/** What a tenant may use of this server, beyond what one execution may have. */
export interface TenantLimits {
  /** Executions at once. */
  readonly concurrency: number;
  /** Executions that may wait beyond those. */
  readonly queue: number;
  /** Executions that may begin within that many seconds. */
  readonly rate?: { readonly requests: number; readonly seconds: number } | undefined;
  /** For each day, UTC: executions, and milliseconds of processor time. */
  readonly budget?:
    | { readonly executions?: number | undefined; readonly cpu?: number | undefined }
    | undefined;
  /** Most bytes of a request's body, if that is less than the server's limit. */
  readonly bodyBytes?: number | undefined;
  /** Days that its executions are remembered. Default: the server's. */
  readonly retention?: number | undefined;
  /** Most bytes it stores. Default: the server's. */
  readonly storage?: number | undefined;
}

/** Whoever has this machine to themselves is bounded by the machine alone. */
export const NO_LIMITS: TenantLimits = {
  concurrency: Number.POSITIVE_INFINITY,
  queue: Number.POSITIVE_INFINITY,
};
