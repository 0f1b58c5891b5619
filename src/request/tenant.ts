import type { Perms } from "../permissions/perms.ts";
import type { SandboxLevel } from "./types.ts";

/**
 * The owner of an execution, and its limits. They narrow what the operator allows. Only `env` and `database`
 * add something: they are the tenant's own, and the ceilings bound them as well.
 */
export interface Tenant {
  /** Sandboxes, channels and what is kept for `reuse` are shared within one tenant alone. */
  readonly id: string;
  /** Unix time in milliseconds it was made at: tells it from one of the same id that is gone. */
  readonly since?: number | undefined;
  /** Default: whatever the operator allows. */
  readonly ceiling?: Perms | undefined;
  /** Names of the tools it may use, `db` being `database`. Default: all there are. */
  readonly tools?: readonly string[] | undefined;
  /** Default: all this host offers. The first one is what a request gets that does not say. */
  readonly sandbox?: readonly SandboxLevel[] | undefined;
  /** Allows a `reuse` other than `"never"`. Default true. */
  readonly reuse?: boolean | undefined;
  /** Most milliseconds of one execution. */
  readonly maxTimeout?: number | undefined;
  /** Most megabytes of one sandbox. */
  readonly maxMemory?: number | undefined;
  /** Most bytes of code. */
  readonly maxSize?: number | undefined;
  /** Most log entries kept of one execution, beside its exception. */
  readonly logEntries?: number | undefined;
  /** Variables `permissions.env` may ask for. Default: none. Only where `config.tenants` says so. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** URL of its database. Default: none. Only where `config.tenants` says so. */
  readonly database?: string | null | undefined;
}

/** Names a tenant so that one that comes after it by the same id has another name. */
export function tenantKey({ id, since }: Pick<Tenant, "id" | "since">): string {
  return since === undefined ? id : `${id} ${since}`;
}

/** The owner of everything on a host without tenants. */
export const SOLE_TENANT: Tenant = { id: "default" };
