import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Caller } from "../tenants/auth.ts";

/** Counts events of tenants within a time, each against its own limit. */
export class Rates {
  /** Limiters by limit. A changed limit starts a new count. */
  readonly #limiters = new Map<string, RateLimiterMemory>();
  readonly #verb: string;
  readonly #what: string;

  /** Creates the counter. Both texts are for messages, such as "begin 10 executions". */
  constructor(verb = "begin", what = "executions") {
    this.#verb = verb;
    this.#what = what;
  }

  /**
   * Counts one event.
   *
   * @throws {QuotaExceeded} If it is one too many.
   */
  async count(caller: Caller): Promise<void> {
    const limiter = this.#limiterOf(caller);
    try {
      await limiter?.consume(caller.tenant.id);
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) throw reason;
      throw this.#exceeded(caller, reason);
    }
  }

  /**
   * Checks that one more event is allowed.
   *
   * @throws {QuotaExceeded} If it would be one too many.
   */
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
