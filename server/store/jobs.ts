/** An execution that is answered for later. */
export interface JobRow {
  /** The execution's id. */
  readonly id: string;
  readonly tenant: string;
  readonly requestId: string;
  /** What is to be run, as JSON; empty once it is over. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly function: string | null;
  readonly version: number | null;
  /** Where its answer is to be sent. */
  readonly callback: string | null;
  readonly state: "queued" | "running" | "done" | "cancelled";
  /** How often it has been started. */
  readonly attempts: number;
  /** HTTP status and body of its answer, once it is done. */
  readonly answer: { readonly status: number; readonly body: unknown } | null;
  /** Whether its answer is still to be sent to `callback`. */
  readonly notify: boolean;
  readonly acceptedAt: Date;
  readonly finishedAt: Date | null;
}

export type NewJob = Pick<
  JobRow,
  "id" | "tenant" | "requestId" | "request" | "function" | "version" | "callback"
>;

export interface Jobs {
  /** `limit` is how many bytes its tenant may store. Rejects with `StorageFull` beyond that. */
  accept(job: NewJob, limit?: number): Promise<void>;
  get(tenant: string, id: string): Promise<JobRow | undefined>;
  /**
   * Takes up to `limit` of those that wait, of the tenants that have the fewest under way and then the
   * oldest first, for `owner` until `until`. Those whose owner did not renew its claim in time wait again.
   * `most` is how many to take of some tenants at most, by their ids.
   */
  claim(
    owner: string,
    until: Date,
    limit: number,
    most?: Readonly<Record<string, number>>,
  ): Promise<JobRow[]>;
  /** Holds all claims of `owner` until then, and says which there are. */
  renew(owner: string, until: Date): Promise<string[]>;
  /**
   * False if it is not `owner`'s any more: its answer counts for nothing. Rejects with `StorageFull` for an
   * answer above `CERTAIN_ANSWER` that its tenant has no room for.
   */
  finish(owner: string, id: string, answer: NonNullable<JobRow["answer"]>): Promise<boolean>;
  /** Has it wait again, until then at least, as if `owner` had never claimed it. */
  release(owner: string, id: string, until: Date): Promise<void>;
  /** False if it is over already, or there is none. */
  cancel(tenant: string, id: string): Promise<boolean>;
  /**
   * Those whose answer is to be sent and whose time for that has come, taken until then: first those of
   * the tenants that have the fewest, `busy` included, which is how many of each are being sent.
   */
  claimCallbacks(
    now: Date,
    until: Date,
    limit: number,
    busy?: Readonly<Record<string, number>>,
  ): Promise<(JobRow & { tries: number })[]>;
  /** `next` is when to try again; `null` for never. */
  notified(id: string, next: Date | null): Promise<void>;
  /** How many of a tenant wait or run. */
  pending(tenant: string): Promise<number>;
  /** Forgets those that were done before then. Says how many. */
  prune(before: Date): Promise<number>;
}
