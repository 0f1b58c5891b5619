import { z } from "zod";
import { shownTenant, tenantBody, tenantId } from "../../../src/contract/tenants.ts";
import { PAGE, pageLimit, pageOf } from "../../http/page.ts";
import { type Route, route } from "../../http/route.ts";
import { noSuchTenant, type TenantDirectory } from "../../tenants/directory.ts";

export const tenantParams = z.object({ id: tenantId });

const listQuery = z.strictObject({
  after: tenantId.optional().meta({ description: "Id of the last one of the page before" }),
  limit: pageLimit,
});

const page = z.object({
  tenants: z.array(shownTenant),
  next: z.string().optional().meta({ description: "For `after`, if there are more" }),
});

const common = { scope: "admin", tags: ["Administration"] } as const;

/** Makes the operator's routes for tenants. */
export function tenantRoutes(directory: TenantDirectory): Route[] {
  const path = "/admin/tenants/{id}";
  return [
    route({
      ...common,
      method: "GET",
      path: "/admin/tenants",
      summary: "The tenants, by id",
      query: listQuery,
      responses: { 200: { description: "A page of them", schema: page } },
      handler: async ({ query: { after, limit = PAGE }, c }) => {
        const found = await directory.list({ after, limit: limit + 1 });
        const { page: tenants, ...next } = pageOf(found, limit, ({ id }) => id);
        return c.json({ tenants, ...next });
      },
    }),
    route({
      ...common,
      method: "PUT",
      path,
      summary: "Make a tenant, or replace what it may",
      description: "Of `env` and `database`, what is left out stays as it is.",
      params: tenantParams,
      body: tenantBody,
      responses: {
        200: { description: "It has been replaced", schema: shownTenant },
        201: { description: "It is new", schema: shownTenant },
      },
      handler: async ({ params: { id }, body, c }) => {
        const { tenant, created } = await directory.put(id, body);
        return c.json(tenant, created ? 201 : 200);
      },
    }),
    route({
      ...common,
      method: "GET",
      path,
      summary: "A tenant, without what is secret",
      params: tenantParams,
      responses: { 200: { description: "What it may", schema: shownTenant } },
      handler: async ({ params: { id }, c }) => {
        const tenant = await directory.get(id);
        if (tenant === undefined) throw noSuchTenant(id);
        return c.json(tenant);
      },
    }),
    route({
      ...common,
      method: "DELETE",
      path,
      summary: "Delete a tenant with all that is its own, and end what it runs",
      params: tenantParams,
      responses: { 204: { description: "It is gone" } },
      audit: ({ params: { id } }) => ({ action: "tenant.delete", tenant: id, target: id }),
      handler: async ({ params: { id }, c }) => {
        if (!(await directory.delete(id))) throw noSuchTenant(id);
        return c.body(null, 204);
      },
    }),
  ];
}
