import type { SandboxLevel } from "../base/sandbox-level.ts";
import type { ExplicitPerms } from "./normalizer.ts";
import type { Perms } from "./perms.ts";
import type { PermissionRefusal } from "./refusal.ts";
import type { ToolPermissions } from "./tool-permissions.ts";

/** What whoever runs this host allows at all. */
export interface OperatorPolicy {
  /** Paths in the sandbox, each with the host's path that is there, read-only. */
  readonly mounts: Readonly<Record<string, string>>;
  /** Names `permissions.env` may ask for; their values are elsewhere. */
  readonly env: readonly string[];
  /** Whether `*` and `*.x` in `net` may be granted. */
  readonly wildcards: boolean;
  /** What the proxy's operator has decided. Absent: no name has a fixed address, none is opened. */
  readonly egress?: EgressPlaces;
  /** Whether level `isolated` may be granted `net`: nothing but the Worker checks it there. */
  readonly isolatedNet: boolean;
  /** Warns of permissions that are wider than they should be. */
  readonly strict: boolean;
}

/** Where the proxy of containers leads beside what is public. */
export interface EgressPlaces {
  /** Name → its fixed address. */
  readonly hosts: Readonly<Record<string, string>>;
  /** `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
  /** Addresses and networks that are the host's own, beside those of its interfaces. */
  readonly own?: readonly string[];
}

export interface PlanInput {
  readonly level: SandboxLevel;
  /** The permissions of the request, as they came. */
  readonly requested: unknown;
  readonly tools: readonly ToolPermissions[];
  /** What the execution may have at most; absent, whatever the operator allows. */
  readonly ceiling?: Perms | undefined;
  /** What its tenant may have at most; absent, whatever `ceiling` allows. */
  readonly tenantCeiling?: Perms | undefined;
  readonly operator: OperatorPolicy;
}

/**
 * Permissions of a Deno Worker. Whoever emits them writes `false` for an empty list, which Deno
 * would have to interpret, and `net: true` for `["*"]`, which Deno does not take.
 */
export interface PlannedWorker {
  readonly env: readonly string[];
  /**
   * Each with its port, in a container followed by the loopback port of the tunnel to it; or `"*"`
   * alone.
   */
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly sys: readonly string[];
  readonly run: false;
  readonly ffi: false;
  readonly import: false;
}

/** What an execution gets, at each of the places that enforce it. */
export interface Plan {
  readonly level: PlanInput["level"];
  /** Their names, sorted. */
  readonly tools: readonly string[];
  /** What is granted of what the request and its tools ask for. */
  readonly permissions: ExplicitPerms;
  readonly worker: PlannedWorker;
  /**
   * What the way out of a container lets through: `host` is its ports 80 and 443, `*.x` the names
   * below `x`, `*` every host. Without a policy there is no way out.
   */
  readonly egress: { readonly allow: readonly string[] } | null;
  /** The database that is reached in the sandbox's place: `host:port`, those to fall back on last. */
  readonly database: { readonly hosts: readonly string[]; readonly note: string } | null;
  readonly env: readonly string[];
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** Those of strict mode first. */
  readonly warnings: readonly string[];
  /** An execution with any does not start: see `assertGranted`. */
  readonly refusals: readonly PermissionRefusal[];
}
