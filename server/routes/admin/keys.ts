import { z } from "zod";
import { shownKey } from "../../../src/contract/tenants.ts";
import { HttpProblem } from "../../errors/problem.ts";
import { type Route, route } from "../../http/route.ts";
import { noSuchTenant, type TenantDirectory } from "../../tenants/directory.ts";
import type { Keyring } from "../../tenants/keys/keyring.ts";
import { tenantParams } from "./tenants.ts";

const MAX_KEYS = 100;

const keyParams = tenantParams.extend({
  keyId: z.string().regex(/^([0-9a-f]{2})?[0-9a-f]{16}$/, "Expected 16 or 18 of 0-9 and a-f"),
});

const keyBody = z
  .strictObject({ label: z.string().max(100).optional().meta({ description: "For people" }) })
  .meta({ id: "KeyRequest" });

const newKey = z.object({
  id: z.string(),
  key: z.string().meta({ description: "The key itself: shown this once, and kept by nobody" }),
});

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
      params: tenantParams,
      body: keyBody,
      responses: { 201: { description: "The key, shown once", schema: newKey } },
      handler: async ({ params: { id }, body: { label = "" }, c }) => {
        await known(id);
        if ((await keyring.list(id)).length >= MAX_KEYS) {
          const message = `The tenant has ${MAX_KEYS} keys; revoke one first`;
          throw new HttpProblem(409, "Conflict", "TOO_MANY_KEYS", message);
        }
        return c.json(await keyring.create(id, label), 201);
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
        const keys = (await keyring.list(params.id)).map(({ id, label, createdAt }) => ({
          id,
          prefix: `isolate_${id}_`,
          label,
          createdAt,
        }));
        return c.json({ keys });
      },
    }),
    route({
      ...common,
      method: "DELETE",
      path: `${path}/{keyId}`,
      summary: "Revoke a key",
      params: keyParams,
      responses: { 204: { description: "It is good for nothing any more" } },
      handler: async ({ params: { id, keyId }, c }) => {
        if (await keyring.revoke(id, keyId)) return c.body(null, 204);
        const message = `Tenant "${id}" has no key ${keyId}`;
        throw new HttpProblem(404, "NotFound", "KEY_NOT_FOUND", message);
      },
    }),
  ];
}
