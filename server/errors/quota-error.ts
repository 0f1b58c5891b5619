import { HttpProblem } from "./problem.ts";

export type QuotaCode = "CONCURRENCY_LIMIT" | "RATE_LIMIT" | "BUDGET_EXHAUSTED";

/** Refusal of a request because its tenant has reached a limit. A later repetition may succeed. */
export class QuotaExceeded extends HttpProblem {
  /** Creates the error. `retryAfter` is in milliseconds, rounded up to at least one second. */
  constructor(code: QuotaCode, message: string, retryAfter: number) {
    const seconds = Math.max(1, Math.ceil(retryAfter / 1_000));
    super(429, "QuotaExceeded", code, message, { retryAfter: seconds });
  }
}
