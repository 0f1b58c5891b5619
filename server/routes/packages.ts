import { z } from "zod";
import { lockShown, setBody, setParams, shownSet, wholeSet } from "../../src/contract/packages.ts";
import type { PackageService } from "../../src/plugins/package-service.ts";
import { setName } from "../../src/request/package-fields.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { PAGE, pageLimit, pageOf } from "../http/page.ts";
import { type Route, route } from "../http/route.ts";
import { noSuchSet, type PreparedSets, type PutResult } from "../packages/package-sets.ts";
import {
  OPERATOR,
  type PackageSetOutline,
  type PackageSetRow,
} from "../store/contract/package-sets.ts";

const listQuery = z.strictObject({
  after: setName.optional().meta({ description: "Name of the last one of the page before" }),
  limit: pageLimit,
});

const page = z.object({
  sets: z.array(shownSet),
  next: z.string().optional().meta({ description: "For `after`, if there are more" }),
});

const put = {
  200: { description: "It has been replaced", schema: wholeSet },
  201: { description: "It is new", schema: wholeSet },
};
const one = { 200: { description: "What it has", schema: wholeSet } };
const gone = { 204: { description: "It is gone" } };
const listed = { 200: { description: "A page of them", schema: page } };

/** `/packages`: prepared sets, which executions name instead of dependencies. */
export function packageRoutes(sets: PreparedSets, packages: PackageService): Route[] {
  const tags = ["Packages"];
  const common = { scope: "tenant", tags } as const;
  const path = "/packages/{set}";
  return [
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path: "/packages",
        summary: "Your own sets of packages, by name",
        operationId: "listPackageSets",
        query: listQuery,
        responses: listed,
        handler: async ({ query, caller, c }) =>
          c.json(await pageFor(sets, caller.tenant.id, query)),
      }),
    ),
    route({
      ...common,
      method: "PUT",
      needs: "deploy",
      path,
      summary: "Prepare a set of packages, for executions that name it",
      operationId: "putPackageSet",
      examples: {
        dates: { summary: "One package", value: { dependencies: { "date-fns": "^4" } } },
      },
      problems: {
        409: ["PACKAGES_LIMIT"],
        502: ["REGISTRY_FAILED"],
        503: ["REGISTRY_UNAVAILABLE"],
      },
      params: setParams,
      body: setBody,
      responses: put,
      handler: async ({ params: { set: name }, body: request, caller, signal, c }) => {
        const result = await sets.put(packages, { name, request, signal }, caller);
        return c.json(prepared(result), result.created ? 201 : 200);
      },
    }),
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path,
        summary: "A set of packages: your own, or the operator's",
        operationId: "getPackageSet",
        params: setParams,
        responses: one,
        handler: async ({ params: { set: name }, caller, c }) =>
          c.json(whole(await sets.get(caller.tenant, name))),
      }),
    ),
    route({
      ...common,
      method: "DELETE",
      needs: "deploy",
      path,
      summary: "Delete a set of packages",
      operationId: "deletePackageSet",
      params: setParams,
      responses: gone,
      handler: async ({ params: { set: name }, caller, c }) => {
        await sets.delete(caller.tenant, name);
        return c.body(null, 204);
      },
    }),
  ];
}

/** `/admin/packages`: the operator's sets, which all tenants may use. */
export function sharedPackageRoutes(sets: PreparedSets, packages: PackageService): Route[] {
  const common = { scope: "admin", tags: ["Administration"] } as const;
  const path = "/admin/packages/{set}";
  return [
    route({
      ...common,
      method: "GET",
      path: "/admin/packages",
      summary: "The sets of packages for all tenants, by name",
      operationId: "listSharedPackageSets",
      query: listQuery,
      responses: listed,
      handler: async ({ query, c }) => c.json(await pageFor(sets, OPERATOR, query)),
    }),
    route({
      ...common,
      method: "PUT",
      path,
      summary: "Prepare a set of packages for all tenants",
      operationId: "putSharedPackageSet",
      examples: {
        dates: { summary: "One package", value: { dependencies: { "date-fns": "^4" } } },
      },
      problems: {
        409: ["PACKAGES_LIMIT"],
        502: ["REGISTRY_FAILED"],
        503: ["REGISTRY_UNAVAILABLE"],
      },
      params: setParams,
      body: setBody,
      responses: put,
      audit: ({ params }) => ({ action: "packages.put", target: params.set }),
      handler: async ({ params: { set: name }, body: request, signal, c }) => {
        const result = await sets.put(packages, { name, request, signal });
        return c.json(prepared(result), result.created ? 201 : 200);
      },
    }),
    route({
      ...common,
      method: "GET",
      path,
      summary: "A set of packages for all tenants",
      operationId: "getSharedPackageSet",
      params: setParams,
      responses: one,
      handler: async ({ params: { set: name }, c }) => {
        const found = await sets.get({ id: OPERATOR }, name);
        return found.tenant === OPERATOR ? c.json(whole(found)) : noSuchSet(name);
      },
    }),
    route({
      ...common,
      method: "DELETE",
      path,
      summary: "Delete a set of packages for all tenants",
      operationId: "deleteSharedPackageSet",
      params: setParams,
      responses: gone,
      audit: ({ params }) => ({ action: "packages.delete", target: params.set }),
      handler: async ({ params: { set: name }, c }) => {
        await sets.delete(undefined, name);
        return c.body(null, 204);
      },
    }),
  ];
}

async function pageFor(
  sets: PreparedSets,
  owner: string,
  { after, limit = PAGE }: z.output<typeof listQuery>,
) {
  const found = await sets.list(owner, { after, limit: limit + 1 });
  const { page, ...next } = pageOf(found, limit, ({ name }) => name);
  return { sets: page.map(outline), ...next };
}

function outline({ tenant, name, lock, createdAt, updatedAt }: PackageSetOutline) {
  const { hash: lockHash, dependencies, overrides } = lock;
  const asked = { dependencies, ...(overrides && { overrides }) };
  return { name, ...asked, lockHash, shared: tenant === OPERATOR, createdAt, updatedAt };
}

function whole(set: PackageSetRow) {
  return { ...outline(set), lock: lockShown(set.lock) };
}

function prepared({ set, warnings }: PutResult) {
  return { ...whole(set), ...(warnings.length > 0 && { warnings }) };
}
