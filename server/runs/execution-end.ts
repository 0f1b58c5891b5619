import { Aborted, IsolateError } from "../../src/base/errors.ts";
import { NOT_MEASURED } from "../../src/engines/explain/outcome.ts";
import type { Output } from "../../src/request/types.ts";
import { HttpProblem, statusOf } from "../errors/problem.ts";
import type { ExecutionRow } from "../store/contract/executions.ts";

/** End of an execution, as recorded. */
export type ExecutionEnd = Pick<ExecutionRow, "outcome" | "error" | "duration" | "usage">;

/** Most characters of a name that code has chosen. */
const MAX_NAME = 200;

export function endOfOutput({ outcome, logs, duration, usage }: Output): ExecutionEnd {
  const name = logs?.findLast(({ level }) => level === "exception")?.name;
  // A logged exception that was caught does not end an execution.
  const error = outcome === "ok" ? null : (name?.slice(0, MAX_NAME) ?? null);
  return { outcome, error, duration, usage };
}

/** Returns the end for an execution that did not run, or not to its end. */
export function endOfError(error: unknown, duration: number): ExecutionEnd {
  const common = { duration, usage: null };
  if (error instanceof Aborted) {
    // It may have run for an unknown time. Hanging up must not evade a budget.
    const unknown = { wall: duration, ...NOT_MEASURED };
    return { outcome: "aborted", error: null, duration, usage: error.usage ?? unknown };
  }
  const known = error instanceof IsolateError || error instanceof HttpProblem;
  const outcome = statusOf(error) < 500 ? "refused" : "failed";
  return { ...common, outcome, error: known ? error.code : "INTERNAL" };
}
