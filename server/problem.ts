import { Aborted, IsolateError } from "../src/errors.ts";

/** The one shape of every answer that is not a success. */
export interface Problem {
  readonly error: {
    readonly name: string;
    /** Stable and machine-readable. */
    readonly code: string;
    readonly message: string;
    /** The offending part of the request. */
    readonly field?: string;
    readonly requestId: string;
  };
}

/** A request that asks for what is not here, in a way only HTTP knows. */
export class HttpProblem extends Error {
  readonly status: 403 | 404 | 405;
  readonly code: string;

  constructor(status: 403 | 404 | 405, name: string, code: string, message: string) {
    super(message);
    this.name = name;
    this.status = status;
    this.code = code;
  }
}

/** The answer to anything thrown. Our own faults tell nothing but the request's id. */
export function problemResponse(thrown: unknown, requestId: string): Response {
  if (thrown instanceof IsolateError) {
    const { name, code, message, status, retryAfter } = thrown;
    const field = "field" in thrown && thrown.field !== "" ? { field: String(thrown.field) } : {};
    const problem: Problem = { error: { name, code, message, ...field, requestId } };
    return respond(problem, status, retryAfter);
  }
  if (thrown instanceof HttpProblem) {
    const { name, code, message, status } = thrown;
    return respond({ error: { name, code, message, requestId } }, status);
  }
  // Nobody is left to read this; the status is the customary one for it.
  if (thrown instanceof Aborted) return new Response(null, { status: 499 });
  const message = "Something went wrong on our side; the server's log has it under this request id";
  return respond({ error: { name: "InternalError", code: "INTERNAL", message, requestId } }, 500);
}

function respond(problem: Problem, status: number, retryAfter?: number): Response {
  const headers: Record<string, string> = {};
  if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
  // A body that was not read to its end would be taken for the next request.
  if (status === 413 || status === 415) headers.Connection = "close";
  return Response.json(problem, { status, headers });
}
