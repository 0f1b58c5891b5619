import { EngineUnavailable } from "../../base/errors.ts";

/**
 * Thrown by a launcher that cannot start sandboxes of one profile, where it can those of others. Its message
 * is for the caller; its cause is the operator's to read.
 */
export class ProfileUnavailable extends EngineUnavailable {
  constructor(message: string, cause: unknown) {
    super(message, { cause, retryAfter: 2 });
  }
}
