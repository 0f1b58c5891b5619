import type { Context } from "hono";
import { z } from "zod";
import { BadRequest } from "../../../src/base/errors.ts";
import { shorten } from "../../../src/base/shorten.ts";
import {
  replacedTenant,
  shownTenant,
  suspension,
  tenantBody,
  tenantId,
  tenantPatch,
  tenantWithUse,
} from "../../../src/contract/tenants.ts";
import { checked } from "../../http/checked.ts";
import { PAGE, pageLimit, pageOf } from "../../http/page.ts";
import { preconditionHeaders, preconditionOf } from "../../http/preconditions.ts";
import { type ApiEnv, type Route, route } from "../../http/route.ts";
import type { Quotas } from "../../quotas/quotas.ts";
import type { StorageCounts } from "../../store/contract/storage.ts";
import { noSuchTenant, type TaggedTenant, type TenantDirectory } from "../../tenants/directory.ts";

export const tenantParams = z.object({ id: tenantId.meta({ param: { example: "acme" } }) });

const listQuery = z.strictObject({
  after: tenantId.optional().meta({ description: "Id of the last one of the page before" }),
  limit: pageLimit,
});

const page = z.object({
  tenants: z.array(shownTenant),
  next: z.string().optional().meta({ description: "For `after`, if there are more" }),
});

const common = { scope: "admin", tags: ["Administration"] } as const;

/** Names of all settings. A patch with another name would remove or set nothing. */
const SETTINGS = Object.keys(tenantBody.shape);

export interface TenantRoutesParts {
  readonly directory: TenantDirectory;
  readonly quotas: Pick<Quotas, "today">;
  readonly storage: Pick<StorageCounts, "used">;
}

/** Makes the operator's routes for tenants. */
export function tenantRoutes({ directory, quotas, storage }: TenantRoutesParts): Route[] {
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
      examples: {
        limits: {
          summary: "Some limits",
          value: {
            timeout: 10_000,
            concurrency: 4,
            ceiling: { net: ["example.com"] },
            budget: { executions: 10_000 },
          },
        },
        defaults: { summary: "The defaults", value: {} },
      },
      problems: { 409: ["TENANT_CHANGED"], 412: ["PRECONDITION_FAILED"] },
      description: "Of `env` and `database`, what is left out stays as it is.",
      params: tenantParams,
      headers: preconditionHeaders,
      body: tenantBody,
      responses: {
        200: { description: "It has been replaced", schema: replacedTenant },
        201: { description: "It is new", schema: replacedTenant },
      },
      audit: updateOf,
      handler: async ({ params: { id }, headers, body, audited, c }) => {
        const result = await directory.put(id, body, preconditionOf(headers), (made) =>
          audited({
            ...(made.created && { action: "tenant.create" }),
            detail: { changed: made.changed },
          }),
        );
        const { tenant, tag, created, reset } = result;
        const warnings = reset.map((name) => `${name}: Back at its default, as none was stated`);
        const answer = { ...tenant, ...(warnings.length > 0 && { warnings }) };
        return c.json(answer, created ? 201 : 200, { ETag: tag });
      },
    }),
    route({
      ...common,
      method: "PATCH",
      path,
      summary: "Change some of what a tenant may",
      examples: {
        timeout: {
          summary: "Another time, and no budget",
          value: { timeout: 5_000, budget: null },
        },
      },
      problems: { 409: ["TENANT_CHANGED"], 412: ["PRECONDITION_FAILED"] },
      description: "A merge patch (RFC 7396): null removes a setting, what is left out stays.",
      params: tenantParams,
      headers: preconditionHeaders,
      body: z.record(z.string(), z.unknown()),
      contractBody: tenantPatch,
      responses: { 200: { description: "It has been changed", schema: shownTenant } },
      audit: updateOf,
      handler: async ({ params: { id }, headers, body, audited, c }) => {
        const unknown = Object.keys(body).find((name) => !SETTINGS.includes(name));
        if (unknown !== undefined) {
          throw new BadRequest(shorten(unknown), `Unknown field "${shorten(unknown)}"`);
        }
        const parse = (settings: unknown) => checked(tenantBody, settings);
        const check = preconditionOf(headers);
        const made = ({ changed }: { changed: readonly string[] }) =>
          audited({ detail: { changed } });
        return answered(c, await directory.patch(id, body, parse, check, made));
      },
    }),
    route({
      ...common,
      method: "GET",
      path,
      summary: "A tenant, without what is secret, and what it has used today",
      params: tenantParams,
      responses: { 200: { description: "What it may and has used", schema: tenantWithUse } },
      handler: async ({ params: { id }, c }) => {
        const found = await directory.describe(id);
        if (found === undefined) throw noSuchTenant(id);
        const { tenant, tag, caller } = found;
        const stored = await storage.used(id, caller.limits.storage);
        const used = { ...(await quotas.today(caller)), storage: stored };
        return c.json({ ...tenant, used }, 200, { ETag: tag });
      },
    }),
    ...suspensionRoutes(directory),
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

/** Makes the routes that suspend a tenant and let it go on. */
function suspensionRoutes(directory: TenantDirectory): Route[] {
  const path = "/admin/tenants/{id}";
  return [
    route({
      ...common,
      method: "POST",
      path: `${path}/suspend`,
      summary: "Refuse everything of a tenant, and end what it runs",
      examples: {
        reason: { summary: "With a reason", value: { reason: "The invoice is open" } },
      },
      params: tenantParams,
      body: suspension,
      needsNoBody: true,
      responses: { 200: { description: "It is suspended", schema: shownTenant } },
      audit: ({ params: { id }, body: { reason } }) => ({
        action: "tenant.suspend",
        tenant: id,
        target: id,
        detail: reason === undefined ? {} : { reason },
      }),
      handler: async ({ params: { id }, body: { reason = null }, audited, c }) =>
        answered(c, await directory.suspend(id, { reason }, () => audited({}))),
    }),
    route({
      ...common,
      method: "POST",
      path: `${path}/resume`,
      summary: "Let a suspended tenant go on",
      params: tenantParams,
      responses: { 200: { description: "It is not suspended", schema: shownTenant } },
      audit: ({ params: { id } }) => ({ action: "tenant.resume", tenant: id, target: id }),
      handler: async ({ params: { id }, audited, c }) =>
        answered(c, await directory.suspend(id, null, () => audited({}))),
    }),
  ];
}

function updateOf({ params: { id } }: { readonly params: { readonly id: string } }) {
  return { action: "tenant.update", tenant: id, target: id };
}

function answered(c: Context<ApiEnv>, { tenant, tag }: TaggedTenant): Response {
  return c.json(tenant, 200, { ETag: tag });
}
