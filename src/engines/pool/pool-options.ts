import type { ReuseLimits } from "../../config/reuse-limits.ts";
import type { Profile } from "../contract/contract.ts";

export interface PoolOptions {
  /** The profile that is kept warm from `prewarm()` on. */
  readonly profile: Profile;
  /** Sandboxes of that profile kept warm. */
  readonly min: number;
  /** Sandboxes alive at once, of all profiles, whatever their state. */
  readonly max: number;
  /** Milliseconds after which a sandbox above the minimum is let go. */
  readonly idle: number;
  /** Sandboxes started at the same time. */
  readonly startConcurrency: number;
  /** Requests that may wait for a sandbox; one more is refused at once. */
  readonly maxWaiting: number;
  /** How sandboxes are kept for `keep()`. Default: `DEFAULT_REUSE`. */
  readonly reuse?: ReuseLimits;
  /** Milliseconds between two health checks of the warm ones. */
  readonly healthInterval: number;
  /** Told about every failure nobody else hears of. */
  readonly onError: (error: unknown) => void;
}
