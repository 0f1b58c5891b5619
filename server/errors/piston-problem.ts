import { z } from "zod";
import type { ErrorShape } from "./error-shape.ts";
import { type Problem, problemResponse } from "./problem.ts";

/** Fields of requests by their names in the API of Piston. */
const FIELDS: Readonly<Record<string, string>> = {
  timeout: "run_timeout",
  memory: "run_memory_limit",
  input: "stdin",
};

/** Form of errors of the routes in the shape of Piston: a message alone. */
export const PISTON_ERRORS: ErrorShape = {
  schema: z.object({ message: z.string() }).meta({ id: "PistonProblem" }),
  respond: (thrown, requestId) => problemResponse(thrown, requestId, messageAlone),
};

function messageAlone({ error: { message, field = "" } }: Problem): object {
  const name = FIELDS[field];
  return { message: name === undefined ? message : message.replace(`${field}:`, `${name}:`) };
}
