import type { ReuseLimits } from "../../config/reuse-limits.ts";
import type { Profile } from "../contract/contract.ts";

export interface PoolOptions {
  /** Profile that is kept warm from `prewarm()` on. */
  readonly profile: Profile;
  /** Number of sandboxes of that profile kept warm. */
  readonly min: number;
  /** Most sandboxes alive at once, over all profiles and states. */
  readonly max: number;
  /** Milliseconds after which an idle sandbox above the minimum is ended. */
  readonly idle: number;
  /** Most sandboxes started at the same time. */
  readonly startConcurrency: number;
  /** Most requests that may wait for a sandbox. Further ones are refused at once. */
  readonly maxWaiting: number;
  /** Most milliseconds that a request waits if it does not say. Default: `DEFAULT_QUEUE_TIMEOUT`. */
  readonly queueTimeout?: number;
  /** Limits of sandboxes kept by `keep()`. Default: `DEFAULT_REUSE`. */
  readonly reuse?: ReuseLimits;
  /**
   * Most sandboxes prepared for recent grants, and most of these grants; never more than `max` less
   * `min`. Default: 0.
   */
  readonly prepared?: number;
  /** Milliseconds between two health checks of idle sandboxes. */
  readonly healthInterval: number;
  /** Receives failures that reach no caller. */
  readonly onError: (error: unknown) => void;
}
