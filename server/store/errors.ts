import { IsolateError } from "../../src/errors.ts";

/** The store does not answer, or not in time. What was asked of it can be asked again. */
export class StoreUnavailable extends IsolateError {
  readonly name = "StoreUnavailable";
  readonly code = "STORE_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 2;
  /** Why, for the log alone: it names hosts, roles and paths that are no caller's to know. */
  readonly reason: string;

  /** `message` is what callers read. */
  constructor(message = "The store does not answer", reason = "") {
    super(message);
    this.reason = reason;
  }

  /** All that is known, for the operator. */
  get told(): string {
    return this.reason === "" ? this.message : `${this.message}: ${this.reason}`;
  }
}

/** What an operator is told whose store cannot be opened. */
export function openError(error: unknown): unknown {
  return error instanceof StoreUnavailable ? new Error(error.told, { cause: error.cause }) : error;
}

/** It contradicts what is there, and has not been done. */
export class StoreConflict extends IsolateError {
  readonly name = "StoreConflict";
  readonly code = "CONFLICT";
  readonly status = 409;
}
