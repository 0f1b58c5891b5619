import type { PaceLimits } from "../../http/body/pace.ts";
import { inTurn } from "../../http/in-turn.ts";
import type { Route } from "../../http/route.ts";
import { forms } from "../../resources/multipart.ts";
import type { Hub } from "../../resources/resource-service.ts";
import { publishRoute } from "./publish.ts";
import { resolveRoute } from "./resolve.ts";
import { contentRoute, deleteRoute, resourceRoute } from "./resource.ts";
import { searchRoute } from "./search.ts";
import { listTypesRoute, uploadTypeRoute } from "./types.ts";

/** All of the registry. */
export function registryRoutes(hub: Hub, pace?: PaceLimits): Route[] {
  return [
    resourceRoute(hub),
    deleteRoute(hub),
    inTurn(contentRoute(hub)),
    publishRoute(hub, forms(pace)),
    inTurn(searchRoute(hub)),
    resolveRoute(hub),
    inTurn(listTypesRoute(hub)),
    uploadTypeRoute(hub),
  ];
}
