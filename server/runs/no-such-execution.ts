import { HttpProblem } from "../errors/problem.ts";

/** Makes the answer for an id that is none of the tenant's executions. */
export function noSuchExecution(message = "There is no such execution"): HttpProblem {
  return new HttpProblem(404, "NotFound", "EXECUTION_NOT_FOUND", message);
}
