import type { OperatorRules } from "../../src/destinations/admit.ts";
import { callbackTarget } from "./callback-url.ts";
import { noSecretKey } from "./secret.ts";

/** Makes the check of a URL that a request names in a field. It throws for one that cannot be called. */
export function callbackCheck(
  secretKey: Uint8Array | undefined,
  rules: OperatorRules,
  field?: string,
): (url: string) => void {
  return (url) => {
    if (secretKey === undefined) throw noSecretKey();
    callbackTarget(url, rules, field);
  };
}
