import { inTurn } from "../../api/in-turn.ts";
import type { Route } from "../../api/route.ts";
import type { PaceLimits } from "../../body-pace.ts";
import { forms } from "../../registry/forms.ts";
import type { Hub } from "../../registry/hub.ts";
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
