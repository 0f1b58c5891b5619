import { plan } from "../permissions/plan.ts";
import type { Context } from "../plugins/plugin.ts";
import type { ValidRequest } from "../request/types.ts";

const NOBODY = { mounts: {}, env: [], wildcards: false, isolatedNet: false, strict: false };
const UNPLANNED = plan({ level: "container", requested: "none", tools: [], operator: NOBODY });

/** Returns the context of an execution before its first step. It is granted nothing. */
export function emptyContext(
  request: ValidRequest,
  given: Pick<
    Context,
    | "tenant"
    | "observer"
    | "exchange"
    | "typeCall"
    | "deployed"
    | "callContext"
    | "calls"
    | "signal"
    | "account"
    | "secrets"
    | "session"
  >,
): Context {
  const { tenant, observer, exchange, typeCall, deployed, callContext, calls, signal } = given;
  const { account, secrets, session } = given;
  // Written as one literal: steps copy it often, and objects built otherwise are slow to copy.
  return {
    request,
    tenant,
    observer,
    exchange,
    typeCall,
    deployed,
    calls,
    signal,
    account,
    secrets,
    session,
    level: request.sandbox,
    tools: [],
    customTools: [],
    packages: undefined,
    toolPermissions: [],
    permissions: "none",
    plan: UNPLANNED,
    grants: undefined,
    input: undefined,
    callContext,
    profile: { memory: request.memory, cpus: 1 },
  };
}
