import type { Logger } from "pino";

/** A request that has been answered, or whose answer has begun. */
export interface Answered {
  readonly requestId: string;
  /** Tenant of the request; absent before it is known, and for requests of no tenant. */
  readonly tenant?: string | undefined;
  readonly method: string;
  /** Path of the route as it was declared; absent without a route. */
  readonly route?: string | undefined;
  readonly status: number;
  /** Code of the error, if it is one. */
  readonly code?: string | undefined;
  /** Id of its execution, if it has one. */
  readonly execution?: string | undefined;
  /** Outcome of that, if it has ended when the answer begins. */
  readonly outcome?: string | undefined;
  /** Number of its executions, if it has several. */
  readonly executions?: number | undefined;
  /** Milliseconds until the answer began. */
  readonly ms: number;
}

/** Routes that are called every few seconds, so their lines are of little use. */
const FREQUENT: readonly (string | undefined)[] = [
  "/healthz",
  "/readyz",
  "/metrics",
  "/api/v1/health",
];

/**
 * Logs one line for each request. It has only the route of the path, since the rest may be secret.
 */
export function requestLog(logger: Logger): (answered: Answered) => void {
  return ({ ms, ...rest }) => {
    const level = FREQUENT.includes(rest.route) ? "debug" : "info";
    logger[level]({ ...rest, ms: Math.round(ms * 10) / 10 }, "request");
  };
}
