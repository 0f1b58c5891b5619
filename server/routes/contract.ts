import { z } from "zod";
import { etagOf, hasCurrent, NOT_MODIFIED, notModified } from "../http/etag.ts";
import { type Route, route } from "../http/route.ts";

/**
 * `GET /openapi.json`: the contract of all routes, this one included. It needs no key, because a
 * browser cannot attach one when it loads a page. It is the same on every server of this version.
 */
export function contractRoutes(routes: readonly Route[]): Route[] {
  let document: Uint8Array<ArrayBuffer> | undefined;
  let etag = "";
  const contract: Route = route({
    method: "GET",
    path: "/openapi.json",
    scope: "none",
    summary: "This contract",
    operationId: "getContract",
    tags: ["Contract"],
    responses: {
      200: { description: "OpenAPI 3.1", schema: z.looseObject({}) },
      ...NOT_MODIFIED,
    },
    handler: async ({ c, reserve }) => {
      const { openApiDocument } = await import("../http/openapi.ts");
      document ??= new TextEncoder().encode(JSON.stringify(openApiDocument([...routes, contract])));
      etag ||= etagOf(document);
      if (hasCurrent(c, etag)) return notModified(etag);
      reserve(document.length);
      return c.body(document, 200, { "Content-Type": "application/json", ETag: etag });
    },
  });
  return [contract];
}
