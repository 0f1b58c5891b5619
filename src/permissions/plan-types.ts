import type { SandboxLevel } from "../base/sandbox-level.ts";
import type { PlannedBinding, RequestedBinding } from "./binding-grant.ts";
import type { ExplicitPerms } from "./normalizer.ts";
import type { Perms } from "./perms.ts";
import type { PermissionRefusal } from "./refusal.ts";
import type { ToolPermissions } from "./tool-permissions.ts";

/** Permissions that the operator of this host allows at all. */
export interface OperatorPolicy {
  /** Read-only mounts: path in the sandbox → path on the host. */
  readonly mounts: Readonly<Record<string, string>>;
  /** Names that `permissions.env` may ask for. Their values are stored elsewhere. */
  readonly env: readonly string[];
  /** True if `*` and `*.x` may be granted in `net`. */
  readonly wildcards: boolean;
  /**
   * Settings of the proxy's operator. Default: no fixed addresses, no open private destinations.
   */
  readonly egress?: EgressPlaces;
  /** True if level `isolated` may be granted `net`. Only the Worker checks it there. */
  readonly isolatedNet: boolean;
  /** True to warn of permissions that are wider than they should be. */
  readonly strict: boolean;
}

/** Destinations of the containers' proxy beside the public ones. */
export interface EgressPlaces {
  /** Fixed addresses: name → address. */
  readonly hosts: Readonly<Record<string, string>>;
  /** List of `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
  /** Addresses and networks of the host, beside those of its interfaces. */
  readonly own?: readonly string[];
}

export interface PlanInput {
  readonly level: SandboxLevel;
  /** Permissions of the request, unchecked. */
  readonly requested: unknown;
  readonly tools: readonly ToolPermissions[];
  /** Secrets that the request names. Each is granted as a variable, within the ceilings. */
  readonly secrets?: readonly string[] | undefined;
  /** Bindings of the request. Each needs its host in the request's `net`. */
  readonly bindings?: readonly RequestedBinding[] | undefined;
  /** Files of the request. They are granted by being given, whatever the ceilings. */
  readonly files?: PlannedFiles | undefined;
  /** Most permissions of this execution. Default: everything the operator allows. */
  readonly ceiling?: Perms | undefined;
  /** Most permissions of the tenant. Default: everything `ceiling` allows. */
  readonly tenantCeiling?: Perms | undefined;
  readonly operator: OperatorPolicy;
}

/** Files of an execution, and where they are. */
export interface PlannedFiles {
  readonly given: readonly { readonly path: string; readonly bytes: number }[];
  /** Globs below `/tmp/out`, and the limits. Absent if no artifacts are asked for. */
  readonly artifacts?: {
    readonly globs: readonly string[];
    readonly most: number;
    readonly bytes: number;
  };
}

/**
 * Permissions of a Deno Worker. A caller that passes them to Deno writes `false` for an empty list,
 * whose meaning Deno would have to guess. It writes `net: true` for `["*"]`, which Deno does not
 * take.
 */
export interface PlannedWorker {
  readonly env: readonly string[];
  /**
   * Entries with ports; in a container, the loopback ports of their tunnels follow. Or `"*"` alone.
   */
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly sys: readonly string[];
  readonly run: false;
  readonly ffi: false;
  readonly import: false;
}

/** Permissions of an execution at each place that enforces them. */
export interface Plan {
  readonly level: PlanInput["level"];
  /** Names of the tools, sorted. */
  readonly tools: readonly string[];
  /** Permissions granted of those that the request and its tools ask for. */
  readonly permissions: ExplicitPerms;
  readonly worker: PlannedWorker;
  /**
   * Destinations that the proxy of a container allows. `host` means its ports 80 and 443, `*.x` the
   * names below `x`, `*` every host. `null` means no way out.
   */
  readonly egress: { readonly allow: readonly string[] } | null;
  /** Database that the host connects to for the sandbox: `host:port`, fallback hosts last. */
  readonly database: { readonly hosts: readonly string[]; readonly note: string } | null;
  /**
   * Headers that the proxy of a container puts on requests, with the names of their secrets. Absent if
   * there are none.
   */
  readonly bindings?: readonly PlannedBinding[];
  /** Files that the code is given, and globs of those it leaves. Absent if there are neither. */
  readonly files?: PlannedFiles;
  readonly env: readonly string[];
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** Warnings, those of strict mode first. */
  readonly warnings: readonly string[];
  /** Refused elements. An execution with any does not start: see `assertGranted`. */
  readonly refusals: readonly PermissionRefusal[];
}
