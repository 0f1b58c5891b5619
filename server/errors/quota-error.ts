import { HttpProblem } from "./problem.ts";

export type QuotaCode = "CONCURRENCY_LIMIT" | "RATE_LIMIT" | "BUDGET_EXHAUSTED";

/** A tenant has used up what it may. Another time, the same request may be answered. */
export class QuotaExceeded extends HttpProblem {
  /** `retryAfter` in milliseconds; rounded up to a second at least. */
  constructor(code: QuotaCode, message: string, retryAfter: number) {
    const seconds = Math.max(1, Math.ceil(retryAfter / 1_000));
    super(429, "QuotaExceeded", code, message, { retryAfter: seconds });
  }
}
