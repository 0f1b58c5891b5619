/** Final answer of a job: an HTTP status and a body. */
export interface FinalJobAnswer {
  readonly status: number;
  /** JSON text of up to a result's size. A parsed value would block the event loop for too long. */
  readonly body: string;
}

/** An execution whose answer comes later. */
export interface JobRow {
  /** Id of the execution. */
  readonly id: string;
  readonly tenant: string;
  readonly requestId: string;
  readonly function: string | null;
  readonly version: number | null;
  /** URL that gets the answer. */
  readonly callback: string | null;
  /** Argument of its entry after the input, as JSON text. */
  readonly context: string | null;
  readonly state: "queued" | "running" | "done" | "cancelled";
  /** Number of starts so far. */
  readonly attempts: number;
  /** Answer, once it is done. */
  readonly answer: FinalJobAnswer | null;
  /** True while its answer is to be sent to `callback`. */
  readonly notify: boolean;
  readonly acceptedAt: Date;
  readonly finishedAt: Date | null;
}

/** A job in a list, without its request, answer and callback. */
export type ListedJob = Omit<JobRow, "callback" | "context" | "answer" | "notify">;

export interface JobFilter {
  readonly tenant?: string | undefined;
  readonly state?: JobRow["state"] | undefined;
  /** Id of the last row of the page before. Older rows follow. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** A job with its answer. */
export interface FinishedJob {
  readonly id: string;
  readonly answer: FinalJobAnswer;
}

export interface NewJob
  extends Pick<JobRow, "id" | "tenant" | "requestId" | "function" | "version" | "callback"> {
  readonly request: Readonly<Record<string, unknown>>;
  readonly context?: string | undefined;
}

/** A job whose answer is to be sent. The answer is read separately. */
export interface DueCallback extends Pick<JobRow, "id" | "tenant" | "callback"> {
  /** Number of attempts to send it, including this one. */
  readonly tries: number;
}

/** A claimed job. Its request is read only here, because it may have megabytes. */
export interface ClaimedJob extends JobRow {
  /** JSON text: parsing several claimed requests at once would take too long. */
  readonly request: string;
  /** Milliseconds since it was accepted, or its tenant was last changed, such as resumed. */
  readonly age: number;
}

/**
 * Jobs in the store. All times are milliseconds from now by the store's clock, because the hosts'
 * clocks may differ.
 */
export interface Jobs {
  /**
   * Stores a job. Returns false, without any change, if `most` of the tenant's jobs wait or run
   * already.
   *
   * @throws {StorageFull} If the tenant would store more than `limit` bytes.
   */
  accept(job: NewJob, most: number, limit?: number): Promise<boolean>;
  get(tenant: string, id: string): Promise<JobRow | undefined>;
  /**
   * Lists jobs of one tenant or of all, the newest first. Searches `MOST_LOOKED_AT` rows only. `next`
   * is the `before` of the next page, if there may be more.
   */
  list(filter: JobFilter): Promise<{ rows: ListedJob[]; next?: string | undefined }>;
  /** Tests whether a job exists, without reading it. */
  has(tenant: string, id: string): Promise<boolean>;
  /**
   * Claims up to `limit` waiting jobs for `owner`, for `lease` milliseconds. Tenants with the
   * fewest running jobs come first, then the oldest jobs. A job whose claim was not renewed in time
   * waits again. `most` limits the jobs of some tenants, by their ids. Jobs of suspended tenants are
   * left.
   */
  claim(
    owner: string,
    lease: number,
    limit: number,
    most?: Readonly<Record<string, number>>,
  ): Promise<ClaimedJob[]>;
  /** Renews `owner`'s claims on these jobs. Returns the ids of those it still has. */
  renew(owner: string, lease: number, ids: readonly string[]): Promise<string[]>;
  /**
   * Gives up all of `owner`'s claims except these, as if they had never been made. For claims that
   * `owner` does not run. Returns their number.
   */
  giveBack(owner: string, except: readonly string[]): Promise<number>;
  /**
   * Stores an answer. Returns false if `owner` has no claim any more: the answer is discarded.
   *
   * @throws {StorageFull} For an answer above `CERTAIN_ANSWER` for which the tenant has no room.
   */
  finish(owner: string, id: string, answer: FinalJobAnswer): Promise<boolean>;
  /** Stores several answers, or none of them. Returns the ids of those that `owner` has a claim on. */
  finishAll(owner: string, finished: readonly FinishedJob[]): Promise<string[]>;
  /**
   * Lets a job wait again, for at least `pause` milliseconds, as if `owner` had never claimed it.
   */
  release(owner: string, id: string, pause: number): Promise<void>;
  /** Cancels a job. Returns false if it is over already or does not exist. */
  cancel(tenant: string, id: string): Promise<boolean>;
  /**
   * Claims jobs whose answer is due to be sent, for `owner` and `lease` milliseconds. Tenants with
   * the fewest come first; `busy` counts those that are being sent already. `each` is the most of one
   * tenant. Those of suspended tenants are left.
   */
  claimCallbacks(
    owner: string,
    lease: number,
    limit: number,
    share?: { readonly busy?: Readonly<Record<string, number>>; readonly each?: number },
  ): Promise<DueCallback[]>;
  /**
   * Records an attempt. `pause` is the milliseconds until the next one; `null` for none. Returns
   * false, without any change, if `owner` has not claimed it last.
   */
  notified(owner: string, id: string, pause: number | null): Promise<boolean>;
  /** Returns the number of a tenant's jobs that wait or run. */
  pending(tenant: string): Promise<number>;
  /** Deletes jobs that were done more than `age` milliseconds ago. Returns their number. */
  prune(age: number): Promise<number>;
}
