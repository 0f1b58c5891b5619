import type { PaceLimits } from "../../http/body/pace.ts";
import { inTurn } from "../../http/one-at-a-time.ts";
import type { Route } from "../../http/route.ts";
import { forms } from "../../resources/multipart.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { publishRoute } from "./publish.ts";
import { resolveRoute } from "./resolve.ts";
import { contentRoute, deleteRoute, resourceRoute } from "./resource.ts";
import { searchRoute } from "./search.ts";
import {
  registryHealthRoute,
  taggedContentRoute,
  taggedDeleteRoute,
  taggedResourceRoute,
} from "./tagged.ts";
import { listTypesRoute, uploadTypeRoute } from "./types.ts";

/** Makes all routes of the registry. */
export function registryRoutes(resourceService: ResourceService, pace?: PaceLimits): Route[] {
  return [
    resourceRoute(resourceService),
    deleteRoute(resourceService),
    inTurn(contentRoute(resourceService)),
    registryHealthRoute(),
    taggedResourceRoute(resourceService),
    taggedDeleteRoute(resourceService),
    inTurn(taggedContentRoute(resourceService)),
    publishRoute(resourceService, forms(pace)),
    inTurn(searchRoute(resourceService)),
    resolveRoute(resourceService),
    inTurn(listTypesRoute(resourceService)),
    uploadTypeRoute(resourceService),
  ];
}
