import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../api/auth.ts";
import { QuotaExceeded } from "./quota-error.ts";

/** How many executions tenants may begin in a while, each as its own limit says. */
export class Rates {
  /** By what they count; a limit that is changed begins anew. */
  readonly #limiters = new Map<string, RateLimiterMemory>();

  /** Counts one. Rejects with `QuotaExceeded` for one too many. */
  async count({ tenant, limits: { rate } }: Caller): Promise<void> {
    if (rate === undefined) return;
    const { requests, seconds } = rate;
    const key = `${requests}/${seconds}`;
    const limiter =
      this.#limiters.get(key) ?? new RateLimiterMemory({ points: requests, duration: seconds });
    this.#limiters.set(key, limiter);
    try {
      await limiter.consume(tenant.id);
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) throw reason;
      const message = `The tenant may begin ${requests} executions in ${seconds} s`;
      throw new QuotaExceeded("RATE_LIMIT", message, reason.msBeforeNext);
    }
  }
}
