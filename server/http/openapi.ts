import { OpenAPIRegistry, OpenApiGeneratorV31 } from "@asteasolutions/zod-to-openapi";
import { PROBLEMS } from "../errors/error-shape.ts";
import { operationIdOf } from "./operation-id.ts";
import { problemsOf } from "./operation-problems.ts";
import { OPERATION_TAGS } from "./operation-tags.ts";
import { type Method, needsOf, type Route, type RouteResponse } from "./route.ts";

type Verb = "get" | "post" | "put" | "patch" | "delete";

const ALL: readonly Verb[] = ["get", "post", "put", "patch", "delete"];
const JSON_TYPE = "application/json";
const EVENTS_TYPE = "text/event-stream";

/** The contract of routes: an OpenAPI 3.1 document. */
export function openApiDocument(routes: readonly Route[]): object {
  const registry = new OpenAPIRegistry();
  const bearer = { type: "http", scheme: "bearer" } as const;
  registry.registerComponent("securitySchemes", "tenant", {
    ...bearer,
    description: "A tenant's key; none is needed where the server knows no tenants",
  });
  registry.registerComponent("securitySchemes", "admin", {
    ...bearer,
    description: "The operator's key",
  });
  for (const route of routes) {
    for (const method of verbs(route.method)) describe(registry, route, method);
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "Isolate",
      version: "1",
      description: "Runs untrusted JavaScript and TypeScript in sandboxes.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This server" }],
    tags: OPERATION_TAGS.map((tag) => ({ ...tag })),
  });
}

function describe(registry: OpenAPIRegistry, route: Route, method: Verb): void {
  const { path, scope, summary, tags, params, query, headers, reads, examples } = route;
  const description = descriptionOf(route);
  const { body, contractBody = body } = route;
  const read = contractBody === undefined ? reads : { type: JSON_TYPE, schema: contractBody };
  const required = route.needsNoBody !== true;
  const content = read && {
    [read.type]: { schema: read.schema, ...(examples && { examples: { ...examples } }) },
  };
  registry.registerPath({
    method,
    path: path.replace(/\*$/, "{path}"),
    operationId: operationId(route, method),
    summary,
    ...(description !== undefined && { description }),
    tags: [...tags],
    security: scope === "none" ? [] : [{ [scope]: [] }],
    request: {
      ...(params && { params }),
      ...(query && { query }),
      // The media types of the responses stand for `Accept`.
      ...(headers && { headers: headers.omit("accept" in headers.shape ? { accept: true } : {}) }),
      ...(content && method !== "get" && { body: { required, content } }),
    },
    responses: responsesOf(route),
  });
}

/** Describes an operation, with the scopes of which a tenant's key needs one. */
function descriptionOf(route: Route): string | undefined {
  const needs = needsOf(route).map((need) => (need.startsWith("invoke") ? "invoke:{name}" : need));
  const scopes = needs.length === 0 ? [] : [`Scope of the key: ${needs.join(" or ")}.`];
  const all = [...(route.description === undefined ? [] : [route.description]), ...scopes];
  return all.length === 0 ? undefined : all.join(" ");
}

function operationId({ operationId: named, method, path }: Route, verb: Verb): string {
  if (method !== "ALL") return named ?? operationIdOf(method, path);
  const id = named ?? operationIdOf("ALL", path);
  return `${id}With${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
}

function responsesOf(route: Route) {
  const { responses, errors = PROBLEMS } = route;
  const described = Object.entries(responses).map(([status, response]) => [
    status,
    contentOf(response),
  ]);
  const error = (description: string) => ({
    description,
    content: { [JSON_TYPE]: { schema: errors.schema } },
  });
  const refused = Object.entries(problemsOf(route))
    .filter(([status]) => !(status in responses))
    .map(([status, codes]) => [status, error(codes.map((code) => `\`${code}\``).join(", "))]);
  return {
    ...Object.fromEntries([...described, ...refused]),
    default: error("Any other error"),
  };
}

function contentOf({ description, schema, type = JSON_TYPE, events }: RouteResponse) {
  const streamed = events && { [EVENTS_TYPE]: { schema: events } };
  return { description, ...(schema && { content: { [type]: { schema }, ...streamed } }) };
}

function verbs(method: Method): readonly Verb[] {
  return method === "ALL" ? ALL : [method.toLowerCase() as Verb];
}
