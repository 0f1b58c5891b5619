import { z } from "zod";
import { secretBody, secretParams, shownSecret } from "../../src/contract/secrets.ts";
import { secretName } from "../../src/request/secret-fields.ts";
import { PAGE, pageLimit, pageOf } from "../http/page.ts";
import { type Route, route } from "../http/route.ts";
import type { TenantSecrets } from "../secrets/tenant-secrets.ts";
import type { SecretOutline } from "../store/contract/secrets.ts";

const common = { scope: "tenant", tags: ["Secrets"] } as const;
const path = "/secrets/{name}";

const listQuery = z.strictObject({
  after: secretName.optional().meta({ description: "Name of the last one of the page before" }),
  limit: pageLimit,
});

const page = z.object({
  secrets: z.array(shownSecret),
  next: z.string().optional().meta({ description: "For `after`, if there are more" }),
});

/** `/secrets`: values that are written once, and that only code finds which names them. */
export function secretRoutes(secrets: TenantSecrets): Route[] {
  return [
    route({
      ...common,
      method: "GET",
      path: "/secrets",
      summary: "Your secrets, by name and without their values",
      query: listQuery,
      responses: { 200: { description: "A page of them", schema: page } },
      handler: async ({ query: { after, limit = PAGE }, caller, c }) => {
        const found = await secrets.list(caller.tenant.id, { after, limit: limit + 1 });
        const { page, ...next } = pageOf(found, limit, ({ name }) => name);
        return c.json({ secrets: page.map(shown), ...next });
      },
    }),
    route({
      ...common,
      method: "GET",
      path,
      summary: "A secret, without its value",
      params: secretParams,
      responses: { 200: { description: "Its version", schema: shownSecret } },
      handler: async ({ params: { name }, caller, c }) =>
        c.json(shown(await secrets.get(caller.tenant.id, name))),
    }),
    route({
      ...common,
      method: "PUT",
      needs: "manage",
      path,
      summary: "Write a secret, which executions name and nobody reads again",
      examples: {
        token: { summary: "A token", value: { value: "s3cret-token" } },
      },
      problems: { 409: ["SECRETS_LIMIT", "SECRET_KEY_MISSING"] },
      params: secretParams,
      body: secretBody,
      hidesBody: true,
      responses: {
        200: { description: "It has a new value", schema: shownSecret },
        201: { description: "It is new", schema: shownSecret },
      },
      audit: ({ params: { name } }) => ({ action: "secret.put", target: name }),
      handler: async ({ params: { name }, body: { value }, audited, caller, c }) => {
        const { secret, created } = await secrets.put(caller, name, value);
        audited({ detail: { version: secret.version } });
        return c.json(shown(secret), created ? 201 : 200);
      },
    }),
    route({
      ...common,
      method: "DELETE",
      needs: "manage",
      path,
      summary: "Delete a secret",
      params: secretParams,
      responses: { 204: { description: "It is gone" } },
      audit: ({ params: { name } }) => ({ action: "secret.delete", target: name }),
      handler: async ({ params: { name }, caller, c }) => {
        await secrets.delete(caller.tenant.id, name);
        return c.body(null, 204);
      },
    }),
  ];
}

function shown({ name, version, createdAt, updatedAt }: SecretOutline) {
  return { name, version, createdAt, updatedAt };
}
