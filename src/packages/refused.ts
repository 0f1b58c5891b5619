import { BadRequest } from "../base/errors.ts";
import { nativeFault } from "../base/native-packages.ts";

const FIELD = "dependencies";

/** Makes the error of a request for packages that it cannot have. */
export function refused(message: string): BadRequest {
  return new BadRequest(FIELD, `${FIELD}: ${message}`);
}

/** Makes the error of a package with native code. `name` may end with a version. */
export function nativeRefusal(subject: string, name: string): BadRequest {
  return refused(nativeFault(subject, name));
}
