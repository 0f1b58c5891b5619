import { REGISTRY_ERRORS, RegistryProblem } from "../../errors/registry-problem.ts";
import { isCrossSite } from "../../http/cross-site.ts";
import { type Route, type RouteInput, type RouteSpec, route } from "../../http/route.ts";

/** Base path of the registry's routes, as in its well-known document. */
export const REGISTRY_BASE = "/api/v1";

/**
 * Declares a route of the registry: below its base, for tenants, and with its own form of errors.
 */
export function registryRoute<P = undefined, Q = undefined, H = undefined, B = undefined>(
  spec: Omit<RouteSpec<P, Q, H, B, "tenant">, "scope" | "tags" | "errors">,
): Route {
  const { method, path, handler } = spec;
  const common = { scope: "tenant", tags: ["Registry"], errors: REGISTRY_ERRORS } as const;
  const guarded = (input: RouteInput<P, Q, H, B, "tenant">): Response | Promise<Response> => {
    // Browsers send forms without asking us first, so any web page could publish here.
    if (method !== "GET" && isCrossSite(input.c.req.raw)) {
      throw new RegistryProblem("FORBIDDEN", "Not from a page of another site");
    }
    return handler(input);
  };
  return route({ ...spec, ...common, path: `${REGISTRY_BASE}${path}`, handler: guarded });
}
