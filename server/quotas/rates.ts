import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Caller } from "../tenants/auth.ts";
import type { TenantLimits } from "../tenants/limits.ts";
import type { Left } from "./left.ts";

/** Takes back what was counted, because nothing has begun. */
export type Undo = () => void;

/** Counts events of tenants within a time, each against its own limit. */
export interface RateCounter {
  /**
   * Counts one event.
   *
   * @throws {QuotaExceeded} If it is one too many.
   */
  count(caller: Caller): Promise<Undo>;
  /**
   * Checks that one more event is allowed, by what is known here.
   *
   * @throws {QuotaExceeded} If it would be one too many.
   */
  check(caller: Caller): Promise<void>;
  /** Returns what the caller has left, by what is known here. `undefined` without a limit. */
  left(caller: Caller): Promise<Left | undefined>;
  close(): void;
}

/** Counts the events of this process. */
export class Rates implements RateCounter {
  /** Limiters by limit. A changed limit starts a new count. */
  readonly #limiters = new Map<string, RateLimiterMemory>();
  readonly #verb: string;
  readonly #what: string;

  /** Creates the counter. Both texts are for messages, such as "begin 10 executions". */
  constructor(verb = "begin", what = "executions") {
    this.#verb = verb;
    this.#what = what;
  }

  async count(caller: Caller): Promise<Undo> {
    const limiter = this.#limiterOf(caller);
    try {
      await limiter?.consume(caller.tenant.id);
      return () => {};
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) throw reason;
      throw this.#exceeded(caller, reason);
    }
  }

  async check(caller: Caller): Promise<void> {
    const now = await this.#limiterOf(caller)?.get(caller.tenant.id);
    if (now && now.remainingPoints <= 0) throw this.#exceeded(caller, now);
  }

  async left(caller: Caller): Promise<Left | undefined> {
    const { rate } = caller.limits;
    if (rate === undefined) return undefined;
    const { requests: most, seconds } = rate;
    const now = await this.#limiterOf(caller)?.get(caller.tenant.id);
    const { remainingPoints: left, msBeforeNext: lasts } = now ?? {
      remainingPoints: most,
      msBeforeNext: seconds * 1_000,
    };
    return { most, seconds, left, lasts };
  }

  close(): void {}

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
    const message = rateMessage(this.#verb, this.#what, rate);
    return new QuotaExceeded("RATE_LIMIT", message, msBeforeNext);
  }
}

export function rateMessage(verb: string, what: string, rate: TenantLimits["rate"]): string {
  return `The tenant may ${verb} ${rate?.requests} ${what} in ${rate?.seconds} s`;
}
