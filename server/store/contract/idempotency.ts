/** An answer as it was given the first time. */
export interface StoredAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Of its header of that name, if it has one. */
  readonly location?: string;
  /** Says that the answer found no room in its tenant's storage: `body` is not what was answered. */
  readonly lost?: true;
}

export type Begun =
  | { readonly state: "new" }
  /** Under way elsewhere. */
  | { readonly state: "running" }
  /** `size` is how many bytes its answer takes in the store, which is no less than its body has. */
  | { readonly state: "done"; readonly size: number }
  /** The key was used with another request. */
  | { readonly state: "mismatch" };

export interface Idempotency {
  /**
   * Notes that a request with this key is under way, for `most` milliseconds by the store's clock at
   * most; `fingerprint` is a hash of its route and its body, `limit` how many bytes the tenant may store.
   * Rejects with `StorageFull` if there is no room for an answer of `CERTAIN_ANSWER` bytes.
   */
  begin(
    tenant: string,
    key: string,
    fingerprint: string,
    most: number,
    limit?: number,
  ): Promise<Begun>;
  /** The answer to a request that is done, which may be megabytes. */
  answer(tenant: string, key: string, fingerprint: string): Promise<StoredAnswer | undefined>;
  /**
   * Keeps the answer. False if its tenant has no room for it: then its status is kept, and that it is
   * `lost`.
   */
  finish(tenant: string, key: string, fingerprint: string, answer: StoredAnswer): Promise<boolean>;
  /** As if it had never begun: its request came to nothing. */
  abandon(tenant: string, key: string, fingerprint: string): Promise<void>;
  /** Forgets what was begun so many milliseconds ago, and what was left without an answer for too long. */
  prune(age: number): Promise<number>;
}
