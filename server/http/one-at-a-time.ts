import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import type { Route } from "./route.ts";

/** Reads of one tenant that may wait for each other. */
const MAX_WAITING = 64;

const reads = new PerTenantQueue(MAX_WAITING);

/**
 * Makes a route answer one request of a tenant, or of the operator, at a time. It is for routes that list, search or
 * count, or that read megabytes. The store handles one query after another, so a tenant's many
 * requests would delay all others there. With its own `turns`, a route does not wait for other
 * routes.
 */
export function inTurn(route: Route, turns: PerTenantQueue = reads): Route {
  return {
    ...route,
    handler: (input) => {
      // No tenant has the operator's name, which is empty.
      return turns.take(input.caller?.tenant.id ?? "", async () => route.handler(input));
    },
  };
}
