import { IsolateError } from "../../src/errors.ts";

/** The store does not answer, or not in time. What was asked of it can be asked again. */
export class StoreUnavailable extends IsolateError {
  readonly name = "StoreUnavailable";
  readonly code = "STORE_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 2;
}

/** It contradicts what is there, and has not been done. */
export class StoreConflict extends IsolateError {
  readonly name = "StoreConflict";
  readonly code = "CONFLICT";
  readonly status = 409;
}
