import { hkdfSync } from "node:crypto";
import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";

/**
 * Derives the secret that signs a tenant's callbacks, in the form of Standard Webhooks. It comes
 * from the server's secret key, so nothing is stored. Another key makes other secrets, and so does
 * a later tenant with the same id.
 */
export function callbackSecret(secretKey: Uint8Array, tenant: KnownTenant): string {
  const bytes = hkdfSync("sha256", secretKey, "", `isolate callbacks of ${tenantKey(tenant)}`, 32);
  return `whsec_${Buffer.from(bytes).toString("base64")}`;
}

/** Makes the refusal of a server without a secret key. */
export function noSecretKey(): HttpProblem {
  const message =
    "Callbacks are signed, and this server has no key for that: set ISOLATE_SECRET_KEY";
  return new HttpProblem(409, "Conflict", "SECRET_KEY_MISSING", message);
}
