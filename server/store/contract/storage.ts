import type { STORED_KINDS } from "../../../src/contract/tenants.ts";

/** What is counted for a tenant. */
export type StoredKind = (typeof STORED_KINDS)[number];

/** Most rows of a tenant. Each of its functions has `MAX_VERSIONS` at most. */
export const MOST_ROWS = {
  functions: 1_000,
  jobs: 100_000,
  idempotency: 100_000,
  resources: 10_000,
  domains: 100,
  types: 1_000,
} as const satisfies Partial<Record<StoredKind, number>>;

/** Most of a tenant's history; its oldest executions are forgotten beyond that. */
export const HISTORY = { rows: 1_000_000, bytes: 268_435_456 };

/** Bytes a tenant may store if nobody says: with tenants, and on a host of one. */
export const STORAGE_OF_TENANTS = 268_435_456;
export const STORAGE_OF_ONE = 1_073_741_824;

/** Bytes of an answer that always find room once its request has been accepted. */
export const CERTAIN_ANSWER = 65_536;

export interface Stored {
  readonly bytes: number;
  readonly count: number;
}

/** What a tenant stores. */
export interface StorageUse {
  /** All kinds together, but for executions, which have a bound of their own. */
  readonly bytes: number;
  readonly limit: number;
  readonly kinds: Readonly<Record<StoredKind, Stored>>;
}

export interface StorageCounts {
  /** `limit` is the tenant's own, if it has one. */
  used(tenant: string, limit?: number): Promise<StorageUse>;
  /** Counts anew all that tenants store but executions: whatever has made a count wrong does not last. */
  recount(): Promise<void>;
}
