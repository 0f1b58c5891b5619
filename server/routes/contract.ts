import { z } from "zod";
import { type Route, route } from "../http/route.ts";

/**
 * `GET /openapi.json`: the contract of all routes, this one included. It needs no key, because a
 * browser cannot attach one when it loads a page. It is the same on every server of this version.
 */
export function contractRoutes(routes: readonly Route[]): Route[] {
  let document: Uint8Array<ArrayBuffer> | undefined;
  const contract: Route = route({
    method: "GET",
    path: "/openapi.json",
    scope: "none",
    summary: "This contract",
    tags: ["Contract"],
    responses: { 200: { description: "OpenAPI 3.1", schema: z.looseObject({}) } },
    handler: async ({ c, reserve }) => {
      const { openApiDocument } = await import("../http/openapi.ts");
      document ??= new TextEncoder().encode(JSON.stringify(openApiDocument([...routes, contract])));
      reserve(document.length);
      return c.body(document, 200, { "Content-Type": "application/json" });
    },
  });
  return [contract];
}
