import { BadRequest, SecretNotFound } from "../base/errors.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { OpenedSecrets } from "../plugins/plugin.ts";
import { redactedExchange } from "../redaction/exchange.ts";
import { Redactor } from "../redaction/redactor.ts";
import type { SecretValues } from "../request/secret-values.ts";
import type { Tenant } from "../request/tenant.ts";
import type { ValidRequest } from "../request/types.ts";

/**
 * Opens the secrets that a request names, in their newest versions. Returns `undefined` if it names
 * none.
 *
 * @throws {SecretNotFound} for a secret that the tenant does not have.
 * @throws {BadRequest} if this host keeps no secrets.
 */
export async function openSecrets(
  request: ValidRequest,
  tenant: Tenant,
  secretValues: SecretValues | undefined,
): Promise<OpenedSecrets | undefined> {
  const named = namesIn(request);
  if (named.length === 0) return undefined;
  if (secretValues === undefined) {
    throw new BadRequest("secrets", "secrets: This host keeps no secrets");
  }
  const values = await secretValues(tenant.id, [...new Set(named.map(({ name }) => name))]);
  for (const { name, field } of named) {
    if (values.has(name)) continue;
    const advice = `PUT /secrets/${name} makes one`;
    throw new SecretNotFound(field, `${field}: There is no secret "${name}"; ${advice}`);
  }
  return { values, redactor: new Redactor([...values.values()]) };
}

/** Masks values of secrets in the response of an exchange, if there are any. */
export function masked(exchange: HttpExchange, redactor: Redactor | undefined): HttpExchange {
  return redactor === undefined ? exchange : redactedExchange(exchange, redactor);
}

/** Lists the secrets that a request names, and the fields that name them. */
function namesIn({ secrets = [] }: ValidRequest): { name: string; field: string }[] {
  return secrets.map((name, index) => ({ name, field: `secrets[${index}]` }));
}
