import { z } from "zod";
import type { Route } from "../../http/route.ts";
import { deletedResource, requiredLocator, storedResource } from "../../resources/locators.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { archiveAnswer } from "./archive-answer.ts";
import { registryRoute } from "./registry-route.ts";
import { locatorQuery } from "./schemas.ts";

/** `GET|HEAD /resource?locator=`: the manifest. */
export function resourceRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    needs: "read",
    path: "/resource",
    summary: "A resource's manifest",
    operationId: "findResource",
    query: locatorQuery,
    responses: { 200: { description: "The manifest", schema: z.looseObject({}) } },
    handler: async ({ query, caller, c }) => {
      const locator = requiredLocator(query.locator);
      const { manifest } = await storedResource(resourceService, locator, caller.tenant.id);
      return c.json(manifest.toJSON());
    },
  });
}

/** `GET /content?locator=`: the archive's bytes. */
export function contentRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    needs: "read",
    path: "/content",
    summary: "A resource's archive",
    operationId: "findContent",
    query: locatorQuery,
    responses: {
      200: { description: "A tar.gz", type: "application/gzip", schema: z.string() },
    },
    handler: async ({ query, caller, reserve, c }) => {
      const locator = requiredLocator(query.locator);
      const found = await storedResource(resourceService, locator, caller.tenant.id);
      return archiveAnswer(found, { caller, reserve, c });
    },
  });
}

/** `DELETE /resource?locator=`: 204, or 404 if there is none. */
export function deleteRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "DELETE",
    needs: "deploy",
    path: "/resource",
    summary: "Delete a resource",
    operationId: "deleteFoundResource",
    query: locatorQuery,
    responses: { 204: { description: "It is gone" } },
    handler: async ({ query, caller, c }) => {
      const { id } = caller.tenant;
      const own = await deletedResource(resourceService, requiredLocator(query.locator), id);
      await resourceService.resources.delete(id, own);
      return c.body(null, 204);
    },
  });
}
