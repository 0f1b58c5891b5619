import { hkdfSync } from "node:crypto";
import { type Tenant, tenantKey } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";

/**
 * What a tenant's callbacks are signed with, in the form Standard Webhooks gives secrets. It is
 * derived from the server's secret key: nothing is stored, and another key makes other secrets. So does
 * another tenant that comes after one by the same id.
 */
export function callbackSecret(
  secretKey: Uint8Array,
  tenant: Pick<Tenant, "id" | "since">,
): string {
  const bytes = hkdfSync("sha256", secretKey, "", `isolate callbacks of ${tenantKey(tenant)}`, 32);
  return `whsec_${Buffer.from(bytes).toString("base64")}`;
}

/** For what needs a secret key, on a server that has none. */
export function noSecretKey(): HttpProblem {
  const message =
    "Callbacks are signed, and this server has no key for that: set ISOLATE_SECRET_KEY";
  return new HttpProblem(409, "Conflict", "SECRET_KEY_MISSING", message);
}
