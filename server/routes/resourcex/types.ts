import { z } from "zod";
import { PayloadTooLarge } from "../../../src/base/errors.ts";
import { tenantKey } from "../../../src/request/tenant.ts";
import { ResourceTypeError } from "../../../src/resourcex/base/resourcex-errors.ts";
import { RegistryProblem } from "../../errors/registry-problem.ts";
import { PAGE, pageLimit } from "../../http/page.ts";
import type { Route } from "../../http/route.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { shown } from "../../resources/tenant-types.ts";
import { uploadedType } from "../../resources/type-upload.ts";
import { registryRoute } from "./registry-route.ts";
import { typeAnswer } from "./schemas.ts";

const MAX_SOURCE = 1_048_576;

/** A type for the contract, which returns the content of its resources in capital letters. */
const SHOUT = `export default {
  name: "shout",
  description: "Text in capital letters",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    return content.toString("utf8").toUpperCase();
  },
};`;

/** Request body. The source is optional, because a missing one has an error of its own. */
const upload = z.looseObject({ source: z.unknown().optional().meta({ type: "string" }) });

const pageQuery = z.object({
  after: z
    .string()
    .regex(/^[\w-]{1,64}$/, "Not a type's name")
    .optional()
    .meta({ description: "Name of the last one of the page before" }),
  limit: pageLimit,
});

const typesPage = z.object({
  types: z.array(typeAnswer),
  next: z.string().optional().meta({ description: "For `after`, if there are more" }),
});

/** `POST /types` with `{ source }`: installs a type; 201 with its description. */
export function uploadTypeRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "POST",
    needs: "deploy",
    path: "/types",
    summary: "Have a type run here",
    operationId: "createType",
    examples: {
      shout: { summary: "Text in capital letters", value: { source: SHOUT } },
    },
    body: upload,
    responses: { 201: { description: "What the type is", schema: typeAnswer } },
    handler: async ({ body: { source }, caller, requestId, signal, c }) => {
      if (typeof source !== "string") {
        throw new RegistryProblem("INVALID_TYPE", "source: The text of a module is required");
      }
      if (Buffer.byteLength(source) > MAX_SOURCE) {
        throw new PayloadTooLarge("source", `source: More than ${MAX_SOURCE} bytes`);
      }
      const { runs } = resourceService;
      const run = runs.describerFor({ caller, requestId, signal });
      const type = await uploadedType(run, tenantKey(caller.tenant), source).catch(invalid);
      await runs.check(caller, type);
      await resourceService.types.add(caller, type);
      return c.json(shown(type), 201);
    },
  });
}

/** `GET /types?after&limit`: a page of the installed types. */
export function listTypesRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    needs: "read",
    path: "/types",
    summary: "The types that run here",
    operationId: "listTypes",
    query: pageQuery,
    responses: { 200: { description: "A page of them", schema: typesPage } },
    handler: async ({ query: { after, limit = PAGE }, caller, c }) => {
      const { types, next } = await resourceService.types.list(caller.tenant.id, { after, limit });
      // Sent as stored: a page of schemas takes too long to parse and write again.
      const end = next === undefined ? "" : `,"next":${JSON.stringify(next)}`;
      const text = `{"types":[${types.join()}]${end}}`;
      return c.body(text, 200, { "Content-Type": "application/json" });
    },
  });
}

function invalid(error: unknown): never {
  if (error instanceof ResourceTypeError) throw new RegistryProblem("INVALID_TYPE", error.message);
  throw error;
}
