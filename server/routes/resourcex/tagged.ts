import { z } from "zod";
import { sentManifest } from "../../../src/resourcex/data/definition.ts";
import { type Route, route } from "../../http/route.ts";
import { deletedResource, requiredTag, storedResource } from "../../resources/locators.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { archiveAnswer } from "./archive-answer.ts";
import { REGISTRY_BASE, registryRoute } from "./registry-route.ts";
import { locatorParams } from "./schemas.ts";

const manifest = z.object({
  registry: z.string().optional(),
  path: z.string().optional(),
  name: z.string(),
  type: z.string(),
  tag: z.string(),
  digest: z
    .string()
    .meta({ description: "sha256: of the sorted lines `path:digest` of its files" }),
});

/** `GET|HEAD /resource/:locator`: the manifest, with registry, tag and digest. */
export function taggedResourceRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    needs: "read",
    path: "/resource/{locator}",
    summary: "A resource's manifest, by its tag",
    operationId: "getResource",
    params: locatorParams,
    responses: { 200: { description: "The manifest", schema: manifest } },
    handler: async ({ params, caller, c }) => {
      const { id } = caller.tenant;
      const found = await storedResource(resourceService, requiredTag(params.locator), id);
      const digest = await resourceService.resources.digest(found, id);
      return c.json(sentManifest(found.manifest, digest));
    },
  });
}

/** `GET /content/:locator`: the archive's bytes. */
export function taggedContentRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "GET",
    needs: "read",
    path: "/content/{locator}",
    summary: "A resource's archive, by its tag",
    operationId: "getContent",
    params: locatorParams,
    responses: {
      200: { description: "A tar.gz", type: "application/gzip", schema: z.string() },
    },
    handler: async ({ params, caller, reserve, c }) => {
      const locator = requiredTag(params.locator);
      const found = await storedResource(resourceService, locator, caller.tenant.id);
      return archiveAnswer(found, { caller, reserve, c });
    },
  });
}

/** `DELETE /resource/:locator`: 204, or 404 if there is none. */
export function taggedDeleteRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "DELETE",
    needs: "deploy",
    path: "/resource/{locator}",
    summary: "Delete a resource, by its tag",
    operationId: "deleteResource",
    params: locatorParams,
    responses: { 204: { description: "It is gone" } },
    handler: async ({ params, caller, c }) => {
      const { id } = caller.tenant;
      const own = await deletedResource(resourceService, requiredTag(params.locator), id);
      await resourceService.resources.delete(id, own);
      return c.body(null, 204);
    },
  });
}

/** `GET /health`: that there is a registry, to whoever asks. */
export function registryHealthRoute(): Route {
  return route({
    method: "GET",
    path: `${REGISTRY_BASE}/health`,
    scope: "none",
    summary: "Whether the registry answers at all",
    operationId: "getRegistryHealth",
    tags: ["Registry"],
    responses: { 200: { description: "It does", schema: z.object({ status: z.literal("ok") }) } },
    handler: ({ c }) => c.json({ status: "ok" }),
  });
}
