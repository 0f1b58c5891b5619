import type { SourceLocation } from "../base/errors.ts";

/** An error answer of the server, or an answer that is not the server's. */
export class IsolateClientError extends Error {
  override readonly name: string = "IsolateClientError";
  /** HTTP status. */
  readonly status: number;
  /**
   * Stable code for programs, for example `BAD_REQUEST`; `UNKNOWN` if the answer is not from
   * Isolate.
   */
  readonly code: string;
  /** Path of the wrong field in the request. */
  readonly field: string | undefined;
  /** Place of the fault in the source of a deployment. */
  readonly location: SourceLocation | undefined;
  /** Id of the request in the server's log. */
  readonly requestId: string | undefined;
  /** Seconds after which a repetition may succeed. */
  readonly retryAfter: number | undefined;

  constructor(response: Response, problem: Partial<ProblemBody>) {
    super(problem.message ?? `The server answered with status ${response.status}`);
    this.status = response.status;
    this.code = problem.code ?? "UNKNOWN";
    this.field = problem.field;
    this.location = problem.location;
    this.requestId = problem.requestId ?? response.headers.get("x-request-id") ?? undefined;
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    this.retryAfter = Number.isNaN(seconds) ? undefined : seconds;
  }
}

export interface ProblemBody {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly field?: string;
  /** Place of the fault in the source of a deployment. */
  readonly location?: SourceLocation;
  readonly requestId?: string;
}

/** Reads the error in a response. */
export async function errorOf(response: Response): Promise<IsolateClientError> {
  const text = await response.text().catch(() => "");
  return new IsolateClientError(response, problemIn(text));
}

/** Reads an error body. The registry's routes have their own shape: `{ error, code }`. */
function problemIn(text: string): Partial<ProblemBody> {
  try {
    const { error, code } = JSON.parse(text) as { error?: ProblemBody | string; code?: string };
    if (typeof error !== "string") return error ?? {};
    return { message: error, ...(code !== undefined && { code }) };
  } catch {
    return {};
  }
}
