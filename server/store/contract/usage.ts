/** Days in UTC, as `2026-01-31`, both included. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** Sum of the use of executions. */
export interface UsageSum {
  /** Executions, refused and failed ones included. */
  readonly executions: number;
  /** Executions by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds of processor time, or of time where it cannot be measured. */
  readonly cpu: number;
  /** Milliseconds since the requests. */
  readonly wall: number;
  readonly egressBytes: number;
  readonly bytesOut: number;
}

/** Sum of a day, a function or a tenant. The function of code in requests is empty. */
export interface UsageGroup extends UsageSum {
  readonly key: string;
}

export interface UsageFilter extends Days {
  /** Default: all tenants. */
  readonly tenant?: string | undefined;
}

export interface UsageGroups extends UsageFilter {
  readonly by: "day" | "function" | "tenant";
  /** Key of the last group of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Refused accesses of one kind and subject. */
export interface DenialSum {
  /** Empty for code of requests. */
  readonly function: string;
  readonly kind: string;
  /** Empty for all others of that kind. */
  readonly subject: string;
  readonly count: number;
  readonly lastAt: Date;
}

/** A kind of refused accesses of one execution. */
export interface DeniedAccess {
  readonly kind: string;
  /** Not empty. */
  readonly subject: string;
  readonly count: number;
}

/** Most subjects of refused accesses of a tenant and day. Further ones are one sum for each kind. */
export const MOST_SUBJECTS = 1_000;

/**
 * Most names of functions in a tenant's day: as many as it may have at a time. Statements at the same
 * moment may each add some more. Further ones are one sum, under a name that no function can have.
 */
export const MOST_FUNCTIONS = 1_000;
export const FURTHER_FUNCTIONS = "*";

/** Use of tenants by day, which the record of executions adds to. */
export interface UsageDetails {
  total(filter: UsageFilter): Promise<UsageSum>;
  /** Lists sums by their keys, in order of these. */
  groups(groups: UsageGroups): Promise<UsageGroup[]>;
  /** Lists refused accesses of a tenant, the most frequent first. */
  denials(tenant: string, days: Days, limit: number): Promise<DenialSum[]>;
  /** Deletes what is older than so many days. */
  prune(days: { readonly usage: number; readonly denials: number }): Promise<void>;
}
