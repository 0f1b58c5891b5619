import { Aborted, BadRequest, IsolateError, type SourceLocation } from "../../src/base/errors.ts";

/** Body of every answer that is not a success. */
export interface Problem {
  readonly error: {
    readonly name: string;
    /** Stable and machine-readable code. */
    readonly code: string;
    readonly message: string;
    /** Faulty part of the request. */
    readonly field?: string;
    /** Place of the fault in a deployed source. */
    readonly location?: SourceLocation;
    readonly requestId: string;
  };
}

export interface HttpProblemOptions {
  /** Faulty part of the request. */
  readonly field?: string;
  /** Seconds after which a repetition may succeed. */
  readonly retryAfter?: number;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal of a request, for a reason that only this server knows. */
export class HttpProblem extends Error {
  readonly status:
    | 400
    | 401
    | 403
    | 404
    | 405
    | 408
    | 409
    | 412
    | 421
    | 422
    | 429
    | 431
    | 500
    | 502
    | 503
    | 504
    | 507;
  readonly code: string;
  readonly field: string | undefined;
  readonly retryAfter: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: HttpProblem["status"],
    name: string,
    code: string,
    message: string,
    options: HttpProblemOptions = {},
  ) {
    super(message);
    this.name = name;
    this.status = status;
    this.code = code;
    this.field = options.field;
    this.retryAfter = options.retryAfter;
    this.headers = options.headers ?? {};
  }
}

/** Returns the HTTP status for a thrown value. */
export function statusOf(thrown: unknown): number {
  if (thrown instanceof IsolateError || thrown instanceof HttpProblem) return thrown.status;
  return thrown instanceof Aborted ? 499 : 500;
}

/**
 * Makes the answer for a thrown value. For our own faults it contains only the request's id.
 * `bodyOf` gives the body another form. Default: the problem itself.
 */
export function problemResponse(
  thrown: unknown,
  requestId: string,
  bodyOf: (problem: Problem) => object = (problem) => problem,
): Response {
  if (thrown instanceof IsolateError) {
    const { name, code, message, status, retryAfter } = thrown;
    const field = "field" in thrown && thrown.field !== "" ? { field: String(thrown.field) } : {};
    const { location } = thrown instanceof BadRequest ? thrown : {};
    const place = location === undefined ? {} : { location };
    const problem: Problem = { error: { name, code, message, ...field, ...place, requestId } };
    return respond(bodyOf(problem), status, retryAfter);
  }
  if (thrown instanceof HttpProblem) {
    const { name, code, message, status, retryAfter, headers } = thrown;
    const field = thrown.field === undefined ? {} : { field: thrown.field };
    const problem: Problem = { error: { name, code, message, ...field, requestId } };
    return respond(bodyOf(problem), status, retryAfter, headers);
  }
  // The client has gone; 499 is the customary status for that.
  if (thrown instanceof Aborted) return new Response(null, { status: 499 });
  const message = "Something went wrong on our side; the server's log has it under this request id";
  const error = { name: "InternalError", code: "INTERNAL", message, requestId };
  return respond(bodyOf({ error }), 500);
}

function respond(
  body: object,
  status: number,
  retryAfter?: number,
  further: Readonly<Record<string, string>> = {},
): Response {
  const headers: Record<string, string> = { ...further };
  if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
  if (isBeforeBody(status)) headers.Connection = "close";
  return Response.json(body, { status, headers });
}

/**
 * Tells whether an answer with this status is sent before the whole request has arrived. The rest
 * of the request would be taken for the next one.
 */
export function isBeforeBody(status: number): boolean {
  return status === 408 || status === 413 || status === 415;
}
