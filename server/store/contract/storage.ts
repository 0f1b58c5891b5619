import type { STORED_KINDS } from "../../../src/contract/tenants.ts";

/** Kind of rows that is counted for a tenant. */
export type StoredKind = (typeof STORED_KINDS)[number];

/** Most rows of a tenant. Each of its functions has at most `MAX_VERSIONS`. */
export const MOST_ROWS = {
  functions: 1_000,
  jobs: 100_000,
  idempotency: 100_000,
  resources: 10_000,
  domains: 100,
  types: 1_000,
  packages: 100,
  secrets: 100,
  schedules: 1_000,
  hosts: 100,
} as const satisfies Partial<Record<StoredKind, number>>;

/** Most rows and bytes of a tenant's history. Beyond them, its oldest executions are deleted. */
export const HISTORY = { rows: 1_000_000, bytes: 268_435_456 };

/** Default for the most bytes of a tenant: on a server with tenants, and with a single one. */
export const STORAGE_OF_TENANTS = 268_435_456;
export const STORAGE_OF_ONE = 1_073_741_824;

/** Most bytes of an answer that has certain room once its request was accepted. */
export const CERTAIN_ANSWER = 65_536;

/** Default for the most bytes of log entries of a tenant. */
export const STORAGE_OF_LOGS = 67_108_864;

export interface Stored {
  readonly bytes: number;
  readonly count: number;
}

/** Storage that a tenant uses. */
export interface StorageUse {
  /** Bytes of all kinds but executions and logs, which have their own limits. */
  readonly bytes: number;
  readonly limit: number;
  readonly kinds: Readonly<Record<StoredKind, Stored>>;
}

export interface StorageCounts {
  /** Returns a tenant's use. `limit` is the tenant's own limit, if it has one. */
  used(tenant: string, limit?: number): Promise<StorageUse>;
  /** Counts again everything but executions, so that no wrong count lasts. */
  recount(): Promise<void>;
}
