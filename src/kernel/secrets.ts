import { BadRequest, SecretNotFound } from "../base/errors.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { CallLine } from "../engines/contract/lines.ts";
import type { OpenedSecrets } from "../plugins/plugin.ts";
import { boundValue, HEADER_VALUE, MAX_BOUND_VALUE } from "../protocol/egress-bindings.ts";
import { redactedExchange } from "../redaction/exchange.ts";
import { redactedJson } from "../redaction/output.ts";
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
  assertBindable(request, values);
  return { values, redactor: new Redactor([...values.values()]) };
}

/** Masks values of secrets in the response of an exchange, if there are any. */
export function masked(exchange: HttpExchange, redactor: Redactor | undefined): HttpExchange {
  return redactor === undefined ? exchange : redactedExchange(exchange, redactor);
}

/** Masks values of secrets in what code asks functions of its caller, who may know none of them. */
export function maskedCalls(calls: CallLine, redactor: Redactor | undefined): CallLine {
  if (redactor === undefined) return calls;
  return {
    connect: (send) => calls.connect(send),
    receive: (call) => calls.receive({ ...call, text: maskedText(call.text, redactor) }),
  };
}

/** Masks arguments. Those that are no JSON stay so, and the caller hears of none of them. */
function maskedText(text: string, redactor: Redactor): string {
  try {
    return redactedJson(text, redactor);
  } catch {
    return "";
  }
}

/** Lists the secrets that a request names, and the fields that name them. */
function namesIn({ secrets = [], bindings = [] }: ValidRequest): { name: string; field: string }[] {
  return [
    ...secrets.map((name, index) => ({ name, field: `secrets[${index}]` })),
    ...bindings.map(({ secret: name }, index) => ({ name, field: `bindings[${index}].secret` })),
  ];
}

/** @throws {BadRequest} for a bound secret whose value cannot stand in a header. */
function assertBindable({ bindings = [] }: ValidRequest, values: ReadonlyMap<string, string>) {
  for (const [index, { secret, format }] of bindings.entries()) {
    const value = boundValue(format, values.get(secret) ?? "");
    if (value.length <= MAX_BOUND_VALUE && HEADER_VALUE.test(value)) continue;
    const field = `bindings[${index}].secret`;
    const limit = `at most ${MAX_BOUND_VALUE} characters of ASCII in one line`;
    throw new BadRequest(field, `${field}: The value of "${secret}" is no header: ${limit} are`);
  }
}
