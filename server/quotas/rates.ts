import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Caller } from "../tenants/auth.ts";

/** How often tenants may do something in a while, each as its own limit says. */
export class Rates {
  /** By what they count; a limit that is changed begins anew. */
  readonly #limiters = new Map<string, RateLimiterMemory>();
  readonly #verb: string;
  readonly #what: string;

  /** Both for messages: what tenants may do, and how many of what. */
  constructor(verb = "begin", what = "executions") {
    this.#verb = verb;
    this.#what = what;
  }

  /** Counts one. Rejects with `QuotaExceeded` for one too many. */
  async count(caller: Caller): Promise<void> {
    const limiter = this.#limiterOf(caller);
    try {
      await limiter?.consume(caller.tenant.id);
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) throw reason;
      throw this.#exceeded(caller, reason);
    }
  }

  /** Rejects with `QuotaExceeded` if one more would be one too many. */
  async check(caller: Caller): Promise<void> {
    const now = await this.#limiterOf(caller)?.get(caller.tenant.id);
    if (now && now.remainingPoints <= 0) throw this.#exceeded(caller, now);
  }

  #limiterOf({ limits: { rate } }: Caller): RateLimiterMemory | undefined {
    if (rate === undefined) return undefined;
    const { requests, seconds } = rate;
    const key = `${requests}/${seconds}`;
    const limiter =
      this.#limiters.get(key) ?? new RateLimiterMemory({ points: requests, duration: seconds });
    this.#limiters.set(key, limiter);
    return limiter;
  }

  #exceeded({ limits: { rate } }: Caller, { msBeforeNext }: RateLimiterRes): QuotaExceeded {
    const message = `The tenant may ${this.#verb} ${rate?.requests} ${this.#what} in ${rate?.seconds} s`;
    return new QuotaExceeded("RATE_LIMIT", message, msBeforeNext);
  }
}
