import { plan } from "../permissions/plan.ts";
import type { Context } from "../plugins/plugin.ts";
import type { ValidRequest } from "../request/types.ts";

const NOBODY = { mounts: {}, env: [], wildcards: false, isolatedNet: false, strict: false };
const UNPLANNED = plan({ level: "container", requested: "none", tools: [], operator: NOBODY });

/** Returns an execution that no step has loaded yet: it is granted nothing. */
export function emptyContext(
  request: ValidRequest,
  given: Pick<Context, "tenant" | "observer" | "exchange" | "signal">,
): Context {
  const { tenant, observer, exchange, signal } = given;
  // Written out: steps copy it again and again, which is slow for objects of another making.
  return {
    request,
    tenant,
    observer,
    exchange,
    signal,
    level: request.sandbox,
    tools: [],
    customTools: [],
    toolPermissions: [],
    permissions: "none",
    plan: UNPLANNED,
    grants: undefined,
    input: undefined,
    profile: { memory: request.memory, cpus: 1 },
  };
}
