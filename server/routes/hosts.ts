import { z } from "zod";
import { hostBody, hostParams, shownHost } from "../../src/contract/hosts.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { FunctionCatalogue } from "../functions/catalogue.ts";
import type { HostDirectory } from "../functions/hosts/host-directory.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { type Route, route } from "../http/route.ts";
import type { HostRow } from "../store/contract/hosts.ts";
import type { Auth } from "../tenants/auth.ts";

const common = { scope: "tenant", tags: ["Hosts"] } as const;
const path = "/hosts/{host}";

/** `/hosts`: names by which a tenant's functions are served. */
export function hostRoutes(hosts: HostDirectory): Route[] {
  return [
    inTurn(
      route({
        ...common,
        method: "GET",
        path: "/hosts",
        summary: "Your own host names",
        responses: {
          200: { description: "All of them", schema: z.object({ hosts: z.array(shownHost) }) },
        },
        handler: async ({ caller, c }) => {
          const found = await hosts.list(caller.tenant.id);
          return c.json({ hosts: found.map(hostShown) });
        },
      }),
    ),
    route({
      ...common,
      method: "PUT",
      needs: "manage",
      path,
      summary: "Ask for a host name, or have another function answer",
      examples: {
        function: { summary: "One function answers", value: { function: "site" } },
      },
      problems: { 409: ["HOSTS_LIMIT", "HOST_TAKEN"] },
      description: "Requests for it are served once the operator has verified it.",
      params: hostParams,
      body: hostBody,
      needsNoBody: true,
      responses: {
        200: { description: "It has been changed", schema: shownHost },
        201: { description: "It is new", schema: shownHost },
      },
      audit: ({ params: { host }, body }) => ({
        action: "host.put",
        target: host,
        detail: { function: body.function ?? null },
      }),
      handler: async ({ params, body, audited, caller, c }) => {
        const made = (): void => audited({});
        const { host, created } = await hosts.put(caller, params.host, body.function, made);
        return c.json(hostShown(host), created ? 201 : 200);
      },
    }),
    route({
      ...common,
      method: "DELETE",
      needs: "manage",
      path,
      summary: "Give a host name up",
      params: hostParams,
      responses: { 204: { description: "It is served no more" } },
      audit: ({ params: { host } }) => ({ action: "host.delete", target: host }),
      handler: async ({ params: { host: name }, caller, c }) => {
        await hosts.delete({ tenant: caller.tenant.id, name });
        return c.body(null, 204);
      },
    }),
  ];
}

export interface ServedHostOptions {
  readonly hosts: HostDirectory;
  readonly functions: Pick<FunctionCatalogue, "callable">;
  readonly auth: Pick<Auth, "caller">;
}

/** `GET /healthz/host`: asked by a reverse proxy before it gets a certificate for a name. */
export function servedHostRoutes({ hosts, functions, auth }: ServedHostOptions): Route[] {
  return [
    route({
      method: "GET",
      path: "/healthz/host",
      scope: "none",
      summary: "Whether functions are served by a host name",
      operationId: "checkHost",
      problems: { 404: ["HOST_NOT_FOUND"] },
      tags: ["Health"],
      query: z.object({ domain: z.string().min(1).max(260) }),
      responses: {
        200: { description: "They are", schema: z.object({ served: z.literal(true) }) },
      },
      handler: async ({ query: { domain }, c }) => {
        const hosted = await hosts.find(domain, "");
        const { tenant, function: name } = hosted ?? {};
        const owner = tenant === undefined ? undefined : await auth.caller(tenant);
        const isThere =
          owner !== undefined &&
          (name === undefined || (await functions.callable(owner.tenant, name))?.kind === "http");
        if (isThere) return c.json({ served: true });
        const message = "No function is served by this name";
        throw new HttpProblem(404, "NotFound", "HOST_NOT_FOUND", message);
      },
    }),
  ];
}

/** Returns a host name as its tenant may see it. */
export function hostShown({ name, function: named, verifiedAt, createdAt }: HostRow) {
  return {
    name,
    ...(named !== null && { function: named }),
    verified: verifiedAt !== null,
    ...(verifiedAt && { verifiedAt }),
    createdAt,
  };
}
