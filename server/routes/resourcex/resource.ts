import { z } from "zod";
import type { Route } from "../../http/route.ts";
import { requiredLocator, storedResource } from "../../resources/locators.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { registryRoute } from "./registry-route.ts";
import { locatorQuery } from "./schemas.ts";

/** `GET|HEAD /resource?locator=`: the manifest. */
export function resourceRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    path: "/resource",
    summary: "A resource's manifest",
    query: locatorQuery,
    responses: { 200: { description: "The manifest", schema: z.looseObject({}) } },
    handler: async ({ query, c }) => {
      const { manifest } = await storedResource(resourceService, requiredLocator(query.locator));
      return c.json(manifest.toJSON());
    },
  });
}

/** `GET /content?locator=`: the archive's bytes. */
export function contentRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    path: "/content",
    summary: "A resource's archive",
    query: locatorQuery,
    responses: {
      200: { description: "A tar.gz", type: "application/gzip", schema: z.string() },
    },
    handler: async ({ query, reserve, c }) => {
      const { archive } = await storedResource(resourceService, requiredLocator(query.locator));
      const bytes = await archive.buffer();
      reserve(bytes.length);
      return c.body(new Uint8Array(bytes), 200, { "Content-Type": "application/gzip" });
    },
  });
}

/** `DELETE /resource?locator=`: 204, or 404 if there is none. */
export function deleteRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "DELETE",
    path: "/resource",
    summary: "Delete a resource",
    query: locatorQuery,
    responses: { 204: { description: "It is gone" } },
    handler: async ({ query, caller, c }) => {
      await resourceService.resources.delete(caller.tenant.id, requiredLocator(query.locator));
      return c.body(null, 204);
    },
  });
}
