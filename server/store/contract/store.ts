import type { Executions } from "./executions.ts";
import type { Functions } from "./functions.ts";
import type { Idempotency } from "./idempotency.ts";
import type { Jobs } from "./jobs.ts";
import type { Keys } from "./keys.ts";
import type { Resources } from "./resources.ts";
import type { StorageCounts } from "./storage.ts";
import type { Tenants } from "./tenants.ts";
import type { Types } from "./types.ts";

/**
 * All that a control plane remembers. It is never a database that user code sees. What a call does
 * has been done for good when it resolves. One that rejects with `StoreUnavailable` has done nothing,
 * or all of it if the connection broke just then. Each call is done as a whole, but for `prune` and
 * more than 1,000 executions at once.
 */
export interface Store {
  readonly tenants: Tenants;
  readonly keys: Keys;
  readonly functions: Functions;
  readonly executions: Executions;
  readonly jobs: Jobs;
  readonly idempotency: Idempotency;
  readonly resources: Resources;
  readonly types: Types;
  readonly storage: StorageCounts;
  /** How much room there is for more. */
  condition(): Promise<StoreCondition>;
  /** Rejects unless it takes writes. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreCondition {
  /** Whether nothing is kept any more until there is room: what would be, rejects with `StorageReserved`. */
  readonly reserved: boolean;
  /** Bytes that are free on its disk, where this host can see them. */
  readonly free?: number;
}

export interface StoreOptions {
  /** Bytes a tenant may store that has no limit of its own. Default 256 MiB. */
  readonly storage?: number | undefined;
  /**
   * Bytes of the disk of a store in a directory below which nothing is kept. Default 256 MiB, or a
   * quarter of the file system where that is less.
   */
  readonly reserve?: number | undefined;
}
