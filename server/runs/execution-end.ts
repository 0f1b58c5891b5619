import { Aborted, IsolateError } from "../../src/base/errors.ts";
import type { Output } from "../../src/request/types.ts";
import { HttpProblem, statusOf } from "../errors/problem.ts";
import type { ExecutionRow } from "../store/contract/executions.ts";

/** How an execution ended, as it is written down. */
export type ExecutionEnd = Pick<ExecutionRow, "outcome" | "error" | "duration" | "usage">;

/** Characters of a name that code chose. */
const MAX_NAME = 200;

export function endOfOutput({ outcome, logs, duration, usage }: Output): ExecutionEnd {
  const name = logs?.findLast(({ level }) => level === "exception")?.name;
  // An exception that was logged and caught ends nothing.
  const error = outcome === "ok" ? null : (name?.slice(0, MAX_NAME) ?? null);
  return { outcome, error, duration, usage };
}

/** The end of what has not run, or not to its end. */
export function endOfError(error: unknown, duration: number): ExecutionEnd {
  const common = { duration, usage: null };
  if (error instanceof Aborted) {
    // It may have run, and be not known how much: nobody gets out of a budget by hanging up.
    const unknown = { wall: duration, cpu: null, peakMemory: null, bytesOut: 0, egressBytes: 0 };
    return { outcome: "aborted", error: null, duration, usage: error.usage ?? unknown };
  }
  const known = error instanceof IsolateError || error instanceof HttpProblem;
  const outcome = statusOf(error) < 500 ? "refused" : "failed";
  return { ...common, outcome, error: known ? error.code : "INTERNAL" };
}
