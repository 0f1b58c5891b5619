import { z } from "zod";
import {
  deployBody,
  deployedVersion,
  functionName,
  invokeBody,
  nameParams,
  redeployBody,
  rollbackBody,
  shownFunction,
  shownVersion,
  wholeVersion,
} from "../../src/contract/functions.ts";
import { lockShown } from "../../src/contract/packages.ts";
import type { Lock } from "../../src/packages/types.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { type FunctionCatalogue, noSuchFunction, requestOf } from "../functions/catalogue.ts";
import { notInvoked } from "../functions/not-invoked.ts";
import { deployed, outline } from "../functions/shown-version.ts";
import type { ListedVersion } from "../functions/version-cache.ts";
import { RUN_PROBLEMS, WAYS_PROBLEMS, WAYS_RESPONSES } from "../http/answer-schema.ts";
import { etagOf, hasCurrent, NOT_MODIFIED, notModified } from "../http/etag.ts";
import { waysHeaders } from "../http/mode-headers.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { PAGE, pageLimit, pageOf } from "../http/page.ts";
import { type Route, route } from "../http/route.ts";
import type { ReplyModes } from "../replies/reply-modes.ts";
import type { FunctionRow } from "../store/contract/functions.ts";

const tags = ["Functions"];
const common = { scope: "tenant", tags } as const;

const path = "/functions/{name}";

const listQuery = z.strictObject({
  after: functionName.optional().meta({ description: "Name of the last one of the page before" }),
  limit: pageLimit,
});

const versionParams = nameParams.extend({
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "Expected a version's number")
    .transform(Number)
    .meta({ type: "string", param: { example: "1" } }),
});

/** `/functions`: code that is deployed once and called by its name. */
export function functionRoutes(functions: FunctionCatalogue, replyModes: ReplyModes): Route[] {
  return [
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path: "/functions",
        summary: "The functions, by name",
        query: listQuery,
        responses: {
          200: {
            description: "A page of them",
            schema: z.object({
              functions: z.array(shownFunction),
              next: z.string().optional().meta({ description: "For `after`, if there are more" }),
            }),
          },
        },
        handler: async ({ query: { after, limit = PAGE }, caller, c }) => {
          const found = await functions.list(caller.tenant.id, { after, limit: limit + 1 });
          const { page, ...next } = pageOf(found, limit, ({ name }) => name);
          return c.json({ functions: page.map(shown), ...next });
        },
      }),
    ),
    route({
      ...common,
      method: "PUT",
      needs: "deploy",
      path,
      summary: "Deploy a version, which is the one that is called from now on",
      operationId: "deployFunction",
      examples: {
        value: { summary: "Called with a value", value: { code: "export default (x) => x * 2" } },
        http: {
          summary: "Answers HTTP requests",
          value: {
            code: "export default (request) => new Response('hello from ' + request.url)",
            kind: "http",
          },
        },
        files: {
          summary: "Several modules",
          value: {
            files: {
              "main.ts":
                "import { double } from './double.ts'; export default (x: number) => double(x)",
              "double.ts": "export const double = (x: number) => x * 2",
            },
          },
        },
      },
      problems: { ...RUN_PROBLEMS, 409: ["FUNCTIONS_LIMIT"], 507: ["STORAGE_FULL"] },
      description: "What an execution of it would be refused for, its deployment is refused for.",
      params: nameParams,
      body: deployBody,
      responses: { 201: { description: "It is deployed", schema: deployedVersion } },
      handler: async ({ params: { name }, body, caller, signal, c }) =>
        c.json(deployed(await functions.deploy({ caller, name, body, signal })), 201),
    }),
    route({
      ...common,
      method: "GET",
      needs: "read",
      path,
      summary: "A function",
      params: nameParams,
      responses: { 200: { description: "Which versions it has", schema: shownFunction } },
      handler: async ({ params: { name }, caller, c }) =>
        c.json(shown(await functions.get(caller.tenant.id, name))),
    }),
    route({
      ...common,
      method: "DELETE",
      needs: "deploy",
      path,
      summary: "Delete a function with all its versions",
      params: nameParams,
      responses: { 204: { description: "It is gone" } },
      handler: async ({ params: { name }, caller, c }) => {
        await functions.delete(caller.tenant, name);
        return c.body(null, 204);
      },
    }),
    ...versionRoutes(functions),
    route({
      ...common,
      method: "POST",
      needs: ["execute", "invoke"],
      path: `${path}/invoke`,
      summary: "Call a function with a value",
      examples: {
        value: { summary: "A number", value: { input: 21 } },
      },
      problems: { ...WAYS_PROBLEMS, 409: [...WAYS_PROBLEMS[409], "HTTP_FUNCTION"] },
      params: nameParams,
      headers: waysHeaders,
      body: invokeBody,
      needsNoBody: true,
      responses: WAYS_RESPONSES,
      handler: async ({ params: { name }, body, ...input }) => {
        const { callback, version: number, files, artifacts } = body;
        const version = await functions.callable(input.caller.tenant, name, number);
        if (version === undefined) return noSuchFunction(name, number);
        if (version.kind === "http") throw notInvoked(version);
        const plain = { ...requestOf(version), ...("input" in body && { input: body.input }) };
        const request = files || artifacts ? withFiles(plain, { files, artifacts }) : plain;
        const called = { name, version: version.version };
        const identity = { route: `POST /functions/${name}/invoke`, body };
        const { isBundle } = version;
        return replyModes.respond(
          { request, callback, function: called, isBundle, via: "invoke", identity },
          input,
        );
      },
    }),
  ];
}

/** Adds files to a call. Kept code could change those of a later call, so it is loaded for this one. */
function withFiles(
  request: ExecuteRequest,
  { files, artifacts }: Pick<ExecuteRequest, "files" | "artifacts">,
): ExecuteRequest {
  const { reuse } = request;
  return {
    ...request,
    ...(files && { files }),
    ...(artifacts && { artifacts }),
    ...(reuse === "code" && { reuse: "tenant" }),
  };
}

/** Routes for the versions of a function. */
function versionRoutes(functions: FunctionCatalogue): Route[] {
  return [
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path: `${path}/versions`,
        summary: "The newest hundred versions, the newest first",
        params: nameParams,
        responses: {
          200: {
            description: "Without their files",
            schema: z.object({ versions: z.array(shownVersion) }),
          },
        },
        handler: async ({ params: { name }, caller, c }) => {
          const versions = await functions.versions(caller.tenant.id, name);
          return c.json({ versions: versions.map(outline) });
        },
      }),
    ),
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path: `${path}/versions/{version}`,
        summary: "A version, with its files as they were deployed",
        params: versionParams,
        responses: { 200: { description: "All of it", schema: wholeVersion }, ...NOT_MODIFIED },
        handler: async ({ params: { name, version }, caller, c }) => {
          // Its files stay in the store if the client has them.
          if (c.req.header("if-none-match") !== undefined) {
            const etag = etagOfVersion(await functions.outline(caller.tenant.id, name, version));
            if (hasCurrent(c, etag)) return notModified(etag);
          }
          const found = await functions.version(caller.tenant.id, name, version);
          c.header("ETag", etagOfVersion(found));
          const lock = found.lock === null ? undefined : (JSON.parse(found.lock) as Lock);
          const whole = { ...outline(found), files: found.files };
          return c.json(lock ? { ...whole, lock: lockShown(lock) } : whole);
        },
      }),
    ),
    route({
      ...common,
      method: "POST",
      needs: "deploy",
      path: `${path}/rollback`,
      summary: "Have another version be the one that is called",
      examples: {
        first: { summary: "The first version", value: { version: 1 } },
      },
      params: nameParams,
      body: rollbackBody,
      responses: { 200: { description: "It is", schema: shownFunction } },
      handler: async ({ params: { name }, body: { version }, caller, c }) =>
        c.json(shown(await functions.rollBack(caller.tenant, name, version))),
    }),
    route({
      ...common,
      method: "POST",
      needs: "deploy",
      path: `${path}/redeploy`,
      summary: "Deploy the files of a version again, with the same packages or newer ones",
      examples: {
        update: { summary: "Newer packages", value: { update: true } },
      },
      problems: { ...RUN_PROBLEMS, 507: ["STORAGE_FULL"] },
      params: nameParams,
      body: redeployBody,
      needsNoBody: true,
      responses: { 201: { description: "It is deployed", schema: deployedVersion } },
      handler: async ({ params: { name }, body, caller, signal, c }) =>
        c.json(deployed(await functions.redeploy({ ...body, caller, name, signal })), 201),
    }),
  ];
}

function shown({ tenant: _tenant, ...row }: FunctionRow) {
  return row;
}

/**
 * Makes the tag of a version, of all but its files and lock, which never change. One that is deployed
 * after its function was deleted has the same number and another time.
 */
function etagOfVersion(version: ListedVersion): string {
  return etagOf(JSON.stringify(outline(version)));
}
