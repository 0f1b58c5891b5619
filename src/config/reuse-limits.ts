/** Limits of the sandboxes that are kept after an execution. */
export interface ReuseLimits {
  /** Most idle sandboxes of one key. */
  readonly perKey: number;
  /** Most idle sandboxes in total; never more than the pool's maximum less its minimum. */
  readonly total: number;
  /** Milliseconds that a sandbox may be idle. */
  readonly idle: number;
  /** Most milliseconds since a sandbox's first execution. */
  readonly age: number;
  /** Most executions of one sandbox. One with other code each time has 1,000 at most. */
  readonly uses: number;
}

export const DEFAULT_REUSE: ReuseLimits = {
  perKey: 2,
  total: 4,
  idle: 60_000,
  age: 600_000,
  uses: 10_000,
};
