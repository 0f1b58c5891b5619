/** Limits of the sandboxes that are kept after an execution. */
export interface ReuseLimits {
  /** Idle ones of one key. */
  readonly perKey: number;
  /** Idle ones in all; never more than the pool has room for beside its minimum. */
  readonly total: number;
  /** Milliseconds one may be idle. */
  readonly idle: number;
  /** Milliseconds since its first execution. */
  readonly age: number;
  /** Executions. */
  readonly uses: number;
}

export const DEFAULT_REUSE: ReuseLimits = {
  perKey: 2,
  total: 4,
  idle: 60_000,
  age: 600_000,
  uses: 1_000,
};
