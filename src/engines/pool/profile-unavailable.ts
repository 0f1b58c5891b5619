import { EngineUnavailable } from "../../base/errors.ts";

/**
 * Thrown by a launcher that can start sandboxes of other profiles, but not of this one. Its message
 * is for the caller, its cause for the operator.
 */
export class ProfileUnavailable extends EngineUnavailable {
  constructor(message: string, cause: unknown) {
    super(message, { cause, retryAfter: 2 });
  }
}
