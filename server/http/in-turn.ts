import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import type { Route } from "./route.ts";

/** Reads of one tenant that may wait for each other. */
const MAX_WAITING = 64;

const reads = new PerTenantQueue(MAX_WAITING);

/**
 * Has a tenant's route that lists, searches or counts, or reads what may be megabytes, answer one of its requests at a
 * time. The store does one thing after another, and nobody waits there for all that another one has asked for. With
 * `turns` of its own, a route does not wait for the others.
 */
export function inTurn(route: Route, turns: PerTenantQueue = reads): Route {
  return {
    ...route,
    handler: (input) => {
      const { tenant } = input.caller as NonNullable<typeof input.caller>;
      return turns.take(tenant.id, async () => route.handler(input));
    },
  };
}
