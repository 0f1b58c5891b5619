import type { Logger } from "pino";

/** A request that has been answered, or whose answer has begun. */
export interface Answered {
  readonly requestId: string;
  /** Absent before it is known whose it is, and for what is nobody's. */
  readonly tenant?: string | undefined;
  readonly method: string;
  /** Path of the route as it was declared; absent if there is none for it. */
  readonly route?: string | undefined;
  readonly status: number;
  /** Milliseconds until there was an answer. */
  readonly ms: number;
}

/** What is asked for every few seconds, and is worth no line. */
const FREQUENT: readonly (string | undefined)[] = ["/healthz", "/readyz", "/metrics"];

/** One line a request; of its path only the route, since the rest may be somebody's secret. */
export function requestLog(logger: Logger): (answered: Answered) => void {
  return ({ ms, ...rest }) => {
    const level = FREQUENT.includes(rest.route) ? "debug" : "info";
    logger[level]({ ...rest, ms: Math.round(ms * 10) / 10 }, "request");
  };
}
