import { SOLE_TENANT, type Tenant } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";
import { NO_LIMITS, type TenantLimits } from "./limits.ts";

/** On whose behalf a request is made. */
export interface Caller {
  readonly tenant: Tenant;
  readonly limits: TenantLimits;
}

/** Tells who makes a request by the key it brings. */
export interface Auth {
  /** Whether everybody who reaches this server is its only tenant. */
  readonly open: boolean;
  /** The tenant whose key it is. Rejects with 401 for no good key, with 403 for the operator's. */
  tenant(request: Request): Promise<Caller>;
  /** Resolves for the operator's key. Rejects with 401 for no good key, with 403 for a tenant's. */
  admin(request: Request): Promise<void>;
  /** The tenant of that id, if there is one: for what is done for it without a key of its own. */
  caller(tenant: string): Promise<Caller | undefined>;
  /** Whether text holds a key of this server's, in whatever spelling: what no code may see. */
  holdsKey(text: string): boolean;
}

/** For a server that only this machine reaches: whoever does is the tenant `default`. */
export class OpenAuth implements Auth {
  readonly open = true;
  readonly #caller: Caller = { tenant: SOLE_TENANT, limits: NO_LIMITS };

  async tenant(): Promise<Caller> {
    return this.#caller;
  }

  async admin(): Promise<void> {
    const message =
      "Tenants and keys need an operator's key; set ISOLATE_ADMIN_KEY and start again";
    throw new HttpProblem(403, "Forbidden", "ADMIN_DISABLED", message);
  }

  async caller(tenant: string): Promise<Caller | undefined> {
    return tenant === SOLE_TENANT.id ? this.#caller : undefined;
  }

  /** There are none. */
  holdsKey(): boolean {
    return false;
  }
}
