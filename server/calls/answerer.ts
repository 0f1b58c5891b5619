import { tenantKey } from "../../src/request/tenant.ts";
import type { Caller } from "../tenants/auth.ts";

/** Sender of an answer, as servers tell each other. */
export interface Answerer {
  readonly tenant: string;
  /** Scopes of its key; null for all. */
  readonly scopes: readonly string[] | null;
}

/** Tenant of an execution, and the deployed function that it calls, if it is one. */
export interface CalledBy {
  readonly tenant: string;
  readonly deployed: string | undefined;
}

export function answererOf({ tenant, key }: Caller): Answerer {
  return { tenant: tenantKey(tenant), scopes: key?.scopes ?? null };
}

/** Tells whether a sender may answer calls of an execution: with a key that could have begun it. */
export function mayAnswer({ tenant, scopes }: Answerer, execution: CalledBy): boolean {
  if (tenant !== execution.tenant) return false;
  if (scopes === null || scopes.includes("execute")) return true;
  return execution.deployed !== undefined && scopes.includes(`invoke:${execution.deployed}`);
}
