/** Kept log entries of one execution, as they are written with its row. */
export interface KeptLogs {
  /** JSON array of the entries, each as it is in the answer. */
  readonly entries: string;
  /** Number of the entries in it. */
  readonly count: number;
  /** Number of entries that were left out. */
  readonly dropped: number;
  /** Place of the highest level among the entries in `LOG_ENTRY_LEVELS`, or -1 without entries. */
  readonly level: number;
  /** Most bytes of all entries that its tenant keeps. */
  readonly most: number;
  /** Id of the server that has run it. */
  readonly server: string;
}

export interface LogsRow extends Pick<KeptLogs, "entries" | "dropped"> {
  /** Id of the execution. */
  readonly id: string;
  readonly version: number | null;
  readonly startedAt: Date;
}

/** Most bytes of the entries of one list, unless its first row alone has more. */
export const MOST_LISTED = 1_048_576;

export interface LogsFilter {
  readonly function: string;
  readonly version?: number | undefined;
  /** Least level of an execution's highest entry, as a place in `LOG_ENTRY_LEVELS`. */
  readonly level?: number | undefined;
  readonly since?: Date | undefined;
  /** Id of the last row of the page before. Older rows follow. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface WrittenFilter {
  readonly function: string;
  /** Server whose rows are left out. */
  readonly except: string;
  /** Time, by the store's clock, since which they were written. Default: now, so none are. */
  readonly since?: Date | undefined;
  /** Ids that are left out. */
  readonly known: readonly string[];
}

/** Most rows of one `written`. */
export const MOST_WRITTEN = 100;

/** Log entries of executions. `Executions` writes and deletes them with the executions' rows. */
export interface Logs {
  get(tenant: string, id: string): Promise<LogsRow | undefined>;
  /**
   * Lists the newest executions of a function with entries. Searches the newest `MOST_LOOKED_AT`
   * only. `next` is for `before`, if there may be more.
   */
  list(tenant: string, filter: LogsFilter): Promise<{ rows: LogsRow[]; next?: string }>;
  /** Lists what other servers have written, the oldest first, and the store's time before that. */
  written(
    tenant: string,
    filter: WrittenFilter,
  ): Promise<{ at: Date; rows: (LogsRow & { recordedAt: Date })[] }>;
}
