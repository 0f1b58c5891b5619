import type { ReuseSetting } from "../base/reuse-mode.ts";
import type { Perms } from "../permissions/perms.ts";
import type { SandboxLevel } from "./types.ts";

/** Rules for the packages of a tenant. They narrow those of the operator. */
export interface TenantPackages {
  /** Globs of names; a package needs one of them. Default: every package. */
  readonly allow?: readonly string[] | undefined;
  /** Globs of refused names. Default: none. */
  readonly deny?: readonly string[] | undefined;
  /** Days since a version was published. Default 0. */
  readonly minimumAge?: number | undefined;
  /** Packages with known security faults. Default: the operator's rule. */
  readonly advisories?: "off" | "warn" | "refuse" | undefined;
  /** Packages of executions. Default: the operator's rule. */
  readonly execute?: "any" | "prepared" | "none" | undefined;
}

/**
 * The owner of an execution, and its limits. They narrow what the operator allows. Only `env` and `database`
 * add something: they are the tenant's own, and the ceilings bound them as well.
 */
export interface Tenant {
  /** Sandboxes, channels and what is kept for `reuse` are shared within one tenant alone. */
  readonly id: string;
  /**
   * Unix time of its creation in milliseconds. It distinguishes the tenant from a deleted one with
   * the same id.
   */
  readonly since?: number | undefined;
  /** Upper bound of the permissions. Default: everything the operator allows. */
  readonly ceiling?: Perms | undefined;
  /** Names of the tools it may use; `db` means `database`. Default: all. */
  readonly tools?: readonly string[] | undefined;
  /**
   * Levels it may use. The first one is the default of its requests. Default: all levels of this
   * host.
   */
  readonly sandbox?: readonly SandboxLevel[] | undefined;
  /** Most that its requests may have as `reuse`. `true`, the default, means `"code"`, and `false` `"never"`. */
  readonly reuse?: ReuseSetting | undefined;
  /** Most milliseconds of one execution. */
  readonly maxTimeout?: number | undefined;
  /** Most megabytes of one sandbox. */
  readonly maxMemory?: number | undefined;
  /** Most bytes of code. */
  readonly maxSize?: number | undefined;
  /** Most bytes of a bundle of files and packages. */
  readonly maxBundleSize?: number | undefined;
  /** Most log entries kept of one execution, beside its exception. */
  readonly logEntries?: number | undefined;
  /** Most requests of one execution through the egress proxy, if that is less than the host's. */
  readonly egressRequests?: number | undefined;
  /** Most bytes of the files of a request, if that is less than the host's. */
  readonly maxFileBytes?: number | undefined;
  /** Most bytes of the artifacts of an execution, if that is less than the host's. */
  readonly maxArtifactBytes?: number | undefined;
  /** Rules for its packages. Default: the host's alone. */
  readonly packages?: TenantPackages | undefined;
  /**
   * Variables that `permissions.env` may ask for. Default: none. Used only with `config.tenants`.
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** URL of its database. Default: none. Used only with `config.tenants`. */
  readonly database?: string | null | undefined;
}

/** A tenant, told apart from earlier ones with its id. */
export type KnownTenant = Pick<Tenant, "id" | "since">;

/** Returns a name for a tenant that a later tenant with the same id does not have. */
export function tenantKey({ id, since }: KnownTenant): string {
  return since === undefined ? id : `${id} ${since}`;
}

/** Tests whether a name of `tenantKey` is of that tenant, or of an earlier one with its id. */
export function isTenantKey(key: string, id: string): boolean {
  return key === id || key.startsWith(`${id} `);
}

/** The owner of everything on a host without tenants. */
export const SOLE_TENANT: Tenant = { id: "default" };
