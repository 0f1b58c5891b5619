import { z } from "zod";
import { hostName, hostParams, tenantHost, verifyBody } from "../../../src/contract/hosts.ts";
import { tenantId } from "../../../src/contract/tenants.ts";
import type { HostDirectory } from "../../functions/hosts/host-directory.ts";
import { PAGE, pageLimit, pageOf } from "../../http/page.ts";
import { type Route, route } from "../../http/route.ts";
import type { HostPlace, HostRow } from "../../store/contract/hosts.ts";
import { hostShown } from "../hosts.ts";

const common = { scope: "admin", tags: ["Administration"] } as const;
const path = "/admin/hosts/{host}";

/** Place in the list: name and tenant, since several tenants may ask for a name. */
const place = z
  .string()
  .max(400)
  .transform((text, context): HostPlace => {
    const [name = "", tenant = "", more] = text.split("/");
    const isPlace = hostName.safeParse(name).success && tenantId.safeParse(tenant).success;
    if (isPlace && more === undefined) return { name, tenant };
    context.addIssue("Expected name/tenant, as in `next`");
    return z.NEVER;
  })
  .meta({ type: "string" });

const listQuery = z.strictObject({
  after: place.optional().meta({ description: "`next` of the page before" }),
  limit: pageLimit,
});

const page = z.object({
  hosts: z.array(tenantHost),
  next: z.string().optional().meta({ description: "For `after`, if there are more" }),
});

/** Makes the operator's routes for host names of tenants. */
export function adminHostRoutes(hosts: HostDirectory): Route[] {
  return [
    route({
      ...common,
      method: "GET",
      path: "/admin/hosts",
      summary: "The host names of all tenants, by name",
      operationId: "listAllHosts",
      query: listQuery,
      responses: { 200: { description: "A page of them", schema: page } },
      handler: async ({ query: { after, limit = PAGE }, c }) => {
        const found = await hosts.all({ after, limit: limit + 1 });
        const { page, ...next } = pageOf(found, limit, ({ name, tenant }) => `${name}/${tenant}`);
        return c.json({ hosts: page.map(shown), ...next });
      },
    }),
    route({
      ...common,
      method: "POST",
      path: `${path}/verify`,
      summary: "Have a host name that a tenant asks for served",
      examples: {
        acme: { summary: "Of the tenant acme", value: { tenant: "acme" } },
      },
      params: hostParams,
      body: verifyBody,
      responses: { 200: { description: "It is", schema: tenantHost } },
      audit: ({ params, body }) => ({
        action: "host.verify",
        tenant: body.tenant,
        target: params.host,
      }),
      handler: async ({ params: { host: name }, body: { tenant }, c }) =>
        c.json(shown(await hosts.verify({ name, tenant }))),
    }),
    route({
      ...common,
      method: "DELETE",
      path,
      summary: "Take a host name from a tenant",
      operationId: "deleteTenantHost",
      params: hostParams,
      query: z.strictObject({ tenant: tenantId }),
      responses: { 204: { description: "It is served no more for that tenant" } },
      audit: ({ params, query }) => ({
        action: "host.delete",
        tenant: query.tenant,
        target: params.host,
      }),
      handler: async ({ params: { host: name }, query: { tenant }, c }) => {
        await hosts.delete({ name, tenant });
        return c.body(null, 204);
      },
    }),
  ];
}

function shown(row: HostRow) {
  return { tenant: row.tenant, ...hostShown(row) };
}
