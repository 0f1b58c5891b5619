import type { Audit } from "./audit.ts";
import type { Channels } from "./channels.ts";
import type { Executions } from "./executions.ts";
import type { Functions } from "./functions.ts";
import type { Hosts } from "./hosts.ts";
import type { Idempotency } from "./idempotency.ts";
import type { Jobs } from "./jobs.ts";
import type { Keys } from "./keys.ts";
import type { Leases } from "./leases.ts";
import type { Logs } from "./logs.ts";
import type { Nodes } from "./nodes.ts";
import type { Notices } from "./notices.ts";
import type { PackageSets } from "./package-sets.ts";
import type { Resources } from "./resources.ts";
import type { Schedules } from "./schedules.ts";
import type { Secrets } from "./secrets.ts";
import type { StorageCounts } from "./storage.ts";
import type { Tenants } from "./tenants.ts";
import type { Types } from "./types.ts";
import type { UsageDetails } from "./usage.ts";

/**
 * Data of a control plane, all of it. User code never sees this database. A call's changes are
 * durable when it resolves. A call that rejects with `StoreUnavailable` has changed nothing, or
 * everything if the connection broke just then. Calls are atomic, except `prune` and over 1,000
 * executions at once.
 */
export interface Store {
  readonly tenants: Tenants;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly functions: Functions;
  readonly executions: Executions;
  readonly usage: UsageDetails;
  readonly logs: Logs;
  readonly jobs: Jobs;
  readonly idempotency: Idempotency;
  readonly resources: Resources;
  readonly types: Types;
  readonly packageSets: PackageSets;
  readonly schedules: Schedules;
  readonly hosts: Hosts;
  readonly secrets: Secrets;
  readonly storage: StorageCounts;
  readonly leases: Leases;
  readonly channels: Channels;
  readonly nodes: Nodes;
  readonly notices: Notices;
  /** True if other servers may use it at the same time. */
  readonly isShared: boolean;
  /** Returns the room that is left. */
  condition(): Promise<StoreCondition>;
  /**
   * Does work that is for one server at a time: unless another one is at it, or has done it less than
   * `every` milliseconds ago. Returns true if it was done here.
   */
  alone(chore: string, every: number, work: () => Promise<void>): Promise<boolean>;
  /** Rejects unless the store takes writes. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreCondition {
  /**
   * True while there is no room: calls that would store something reject with `StorageReserved`.
   */
  readonly reserved: boolean;
  /** Free bytes of its disk, if this host can see them. */
  readonly free?: number;
}

export interface StoreOptions {
  /** Most bytes of a tenant without its own limit. Default 256 MiB. */
  readonly storage?: number | undefined;
  /** URL by which the server itself is reached, if the store's own leads to a pooler. Default: that one. */
  readonly directUrl?: string | undefined;
  /**
   * Free bytes below which a store in a directory takes nothing more. Default 256 MiB, or a quarter
   * of the file system if that is less.
   */
  readonly reserve?: number | undefined;
}
