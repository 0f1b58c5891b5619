import { SOLE_TENANT, type Tenant } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";
import { NO_LIMITS, type TenantLimits } from "./limits.ts";
import type { Suspension } from "./suspended.ts";

/** Key of a tenant with which a request was made. */
export interface CallerKey {
  /** Public part of the key. */
  readonly id: string;
  /** Scopes of the key; null for all. */
  readonly scopes: readonly string[] | null;
  readonly expiresAt: Date | null;
}

/** Tenant for which a request is made, and its limits. */
export interface Caller {
  readonly tenant: Tenant;
  readonly limits: TenantLimits;
  /** Key of the request. Absent on a server without keys, and for work that needs none. */
  readonly key?: CallerKey;
  /** Set while everything of it is refused. */
  readonly suspended?: Suspension | undefined;
}

/** Identifies the sender of a request by its key. */
export interface Auth {
  /** True if every client that reaches this server is its only tenant. */
  readonly open: boolean;
  /**
   * Returns the tenant of the request's key.
   *
   * @throws {HttpProblem} 401 without a valid key or with an expired one, 403 for the operator's and for a
   * suspended tenant's.
   */
  tenant(request: Request): Promise<Caller>;
  /**
   * Checks that the request has the operator's key.
   *
   * @throws {HttpProblem} 401 without a valid key, 403 for a tenant's.
   */
  admin(request: Request): Promise<void>;
  /**
   * Returns the tenant with that id, if it exists, also a suspended one. It is for work that needs no
   * key of the tenant.
   */
  caller(tenant: string): Promise<Caller | undefined>;
  /** Tells whether a text contains a key of this server, also encoded. No code may see one. */
  holdsKey(text: string): boolean;
}

/**
 * Authentication for a server that only this machine reaches: every caller is the tenant `default`.
 */
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

  /** Returns false, because there are no keys. */
  holdsKey(): boolean {
    return false;
  }
}
