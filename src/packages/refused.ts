import { BadRequest } from "../base/errors.ts";

const FIELD = "dependencies";

/** Makes the error of a request for packages that it cannot have. */
export function refused(message: string): BadRequest {
  return new BadRequest(FIELD, `${FIELD}: ${message}`);
}
