import { Hono } from "hono";
import type { WithBody } from "../../bodies.ts";
import { forms } from "../../registry/forms.ts";
import type { Hub } from "../../registry/hub.ts";
import { RegistryProblem, registryProblem } from "../../registry/problem.ts";
import { publishRoute } from "./publish.ts";
import { resolveRoute } from "./resolve.ts";
import { contentRoute, deleteRoute, resourceRoute } from "./resource.ts";
import { searchRoute } from "./search.ts";
import { listTypesRoute, uploadTypeRoute } from "./types.ts";

/** Where the registry's routes are, as its well-known document says. */
export const REGISTRY_BASE = "/api/v1";

const READING: readonly string[] = ["GET", "HEAD"];

export interface RegistryRoutesOptions {
  readonly hub: Hub;
  readonly withBody: WithBody;
  /** Told of our own failures, with the id their callers were given. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** The registry, for whoever mounts it at its base. */
export function registryRoutes({ hub, withBody, onError }: RegistryRoutesOptions): Hono {
  const app = new Hono();
  app.use(async function sameOrigin(c, next) {
    // A form needs no permission of ours: any web page could have a browser publish here.
    if (!READING.includes(c.req.method) && isForeign(c.req.raw.headers)) {
      throw new RegistryProblem("FORBIDDEN", "Not from a page of another site");
    }
    await next();
  });
  app.get("/resource", resourceRoute(hub));
  app.delete("/resource", deleteRoute(hub));
  app.get("/content", contentRoute(hub));
  app.post("/publish", publishRoute(hub, forms()));
  app.get("/search", searchRoute(hub));
  app.post("/resolve", resolveRoute(hub, withBody));
  app.get("/types", listTypesRoute(hub));
  app.post("/types", uploadTypeRoute(hub, withBody));
  app.onError((error) => registryProblem(error, onError));
  return app;
}

/** Whether a browser says that a page of another site is behind it; older ones name its origin. */
function isForeign(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "none" && site !== "same-origin";
  const origin = headers.get("origin");
  if (origin === null) return false;
  return !URL.canParse(origin) || new URL(origin).host !== headers.get("host");
}
