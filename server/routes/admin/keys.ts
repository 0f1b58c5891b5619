import { z } from "zod";
import { keyBody, newKey, shownKey } from "../../../src/contract/keys.ts";
import { type Route, route } from "../../http/route.ts";
import { noSuchTenant, type TenantDirectory } from "../../tenants/directory.ts";
import type { Keyring } from "../../tenants/keys/keyring.ts";
import { createdKey, keyId, keyShown, noSuchKey } from "../keys.ts";
import { tenantParams } from "./tenants.ts";

const keyParams = tenantParams.extend({ keyId });

const common = { scope: "admin", tags: ["Administration"] } as const;

/** Makes the operator's routes for keys of tenants. */
export function keyRoutes(keyring: Keyring, directory: TenantDirectory): Route[] {
  const path = "/admin/tenants/{id}/keys";
  const known = async (id: string): Promise<void> => {
    if ((await directory.get(id)) === undefined) throw noSuchTenant(id);
  };
  return [
    route({
      ...common,
      method: "POST",
      path,
      summary: "Make a key for a tenant",
      examples: {
        reader: { summary: "A key that reads", value: { label: "reader", scopes: ["read"] } },
      },
      problems: { 409: ["TOO_MANY_KEYS"] },
      params: tenantParams,
      body: keyBody,
      responses: { 201: { description: "The key, shown once", schema: newKey } },
      audit: ({ params: { id } }) => ({ action: "key.create", tenant: id, target: id }),
      handler: async ({ params: { id }, body, audited, c }) => {
        await known(id);
        const made = await createdKey(keyring, id, body);
        audited({ target: made.id, detail: { ...body } });
        return c.json(made, 201);
      },
    }),
    route({
      ...common,
      method: "GET",
      path,
      summary: "A tenant's keys, without what is secret of them",
      params: tenantParams,
      responses: {
        200: { description: "All of them", schema: z.object({ keys: z.array(shownKey) }) },
      },
      handler: async ({ params, c }) => {
        await known(params.id);
        return c.json({ keys: (await keyring.list(params.id)).map(keyShown) });
      },
    }),
    route({
      ...common,
      method: "DELETE",
      path: `${path}/{keyId}`,
      summary: "Revoke a key",
      operationId: "revokeTenantKey",
      params: keyParams,
      responses: { 204: { description: "It is good for nothing any more" } },
      audit: ({ params: { id, keyId } }) => ({ action: "key.revoke", tenant: id, target: keyId }),
      handler: async ({ params: { id, keyId }, c }) => {
        if (await keyring.revoke(id, keyId)) return c.body(null, 204);
        throw noSuchKey(`Tenant "${id}" has no key ${keyId}`);
      },
    }),
  ];
}
