/** What a job has come to: an HTTP status and a body. */
export interface FinalJobAnswer {
  readonly status: number;
  /** JSON, which is as large as a result may be: a value of it would hold up the loop that serves requests. */
  readonly body: string;
}

/** An execution that is answered for later. */
export interface JobRow {
  /** The execution's id. */
  readonly id: string;
  readonly tenant: string;
  readonly requestId: string;
  readonly function: string | null;
  readonly version: number | null;
  /** Where its answer is to be sent. */
  readonly callback: string | null;
  readonly state: "queued" | "running" | "done" | "cancelled";
  /** How often it has been started. */
  readonly attempts: number;
  /** Once it is done. */
  readonly answer: FinalJobAnswer | null;
  /** Whether its answer is still to be sent to `callback`. */
  readonly notify: boolean;
  readonly acceptedAt: Date;
  readonly finishedAt: Date | null;
}

export interface NewJob
  extends Pick<JobRow, "id" | "tenant" | "requestId" | "function" | "version" | "callback"> {
  readonly request: Readonly<Record<string, unknown>>;
}

/** One whose answer is to be sent, which is read by itself. */
export interface DueCallback extends Pick<JobRow, "id" | "tenant" | "callback"> {
  /** How often it has been tried, this time included. */
  readonly tries: number;
}

/** One that has been taken. What it is to run is read with that alone: it may be megabytes. */
export interface ClaimedJob extends JobRow {
  /** As a JSON text: several that are claimed at once are long to take over as values. */
  readonly request: string;
  /** Milliseconds since it was accepted. */
  readonly age: number;
}

/** All times are milliseconds from now by the store's clock: hosts may be at odds about theirs. */
export interface Jobs {
  /**
   * False, and nothing is done, if `most` of the tenant's wait or run by then. Rejects with `StorageFull`
   * if the tenant would store more than `limit` bytes.
   */
  accept(job: NewJob, most: number, limit?: number): Promise<boolean>;
  get(tenant: string, id: string): Promise<JobRow | undefined>;
  /** Reads nothing of it. */
  has(tenant: string, id: string): Promise<boolean>;
  /**
   * Takes up to `limit` of those that wait, of the tenants that have the fewest under way and then the
   * oldest first, for `owner` and for as long as `lease`. Those whose owner did not renew its claim in time wait again.
   * `most` is how many to take of some tenants at most, by their ids.
   */
  claim(
    owner: string,
    lease: number,
    limit: number,
    most?: Readonly<Record<string, number>>,
  ): Promise<ClaimedJob[]>;
  /** Holds `owner`'s claims on some jobs, and says on which it still has one. */
  renew(owner: string, lease: number, ids: readonly string[]): Promise<string[]>;
  /** Has all that `owner` has claimed but for some wait again, as if it never had: it does not run them. */
  giveBack(owner: string, except: readonly string[]): Promise<number>;
  /**
   * False if it is not `owner`'s any more: its answer counts for nothing. Rejects with `StorageFull` for an
   * answer above `CERTAIN_ANSWER` that its tenant has no room for.
   */
  finish(owner: string, id: string, answer: FinalJobAnswer): Promise<boolean>;
  /** Has it wait again, for `pause` at least, as if `owner` had never claimed it. */
  release(owner: string, id: string, pause: number): Promise<void>;
  /** False if it is over already, or there is none. */
  cancel(tenant: string, id: string): Promise<boolean>;
  /**
   * Those whose answer is to be sent and whose time for that has come, taken for as long as `lease`:
   * first those of the tenants that have the fewest, `busy` included, which is how many of each are
   * being sent, and `each` of a tenant's at most.
   */
  claimCallbacks(
    lease: number,
    limit: number,
    share?: { readonly busy?: Readonly<Record<string, number>>; readonly each?: number },
  ): Promise<DueCallback[]>;
  /** `pause` is when to try again; `null` for never. */
  notified(id: string, pause: number | null): Promise<void>;
  /** How many of a tenant wait or run. */
  pending(tenant: string): Promise<number>;
  /** Forgets those that have been done for so long. Says how many. */
  prune(age: number): Promise<number>;
}
