/** Answer to the first request with a key. */
export interface StoredAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Value of its `Location` header, if it has one. */
  readonly location?: string;
  /** True if the tenant's storage had no room for the answer. `body` is empty then. */
  readonly lost?: true;
}

export type Begun =
  | { readonly state: "new" }
  /** The first request is still running. */
  | { readonly state: "running" }
  /** The answer is stored. `size` is its bytes in the store, and no less than those of its body. */
  | { readonly state: "done"; readonly size: number }
  /** The key was used with another request. */
  | { readonly state: "mismatch" };

/** A key whose request is running. */
export interface IdempotencyKey {
  readonly tenant: string;
  readonly key: string;
  readonly fingerprint: string;
}

export interface Idempotency {
  /**
   * Records that a request with this key is running, for `most` milliseconds by the store's clock, unless it is renewed. `fingerprint` is a hash of its route and body. `limit` is the most bytes that the tenant
   * may store.
   *
   * @throws {StorageFull} Without room for an answer of `CERTAIN_ANSWER` bytes.
   */
  begin(
    tenant: string,
    key: string,
    fingerprint: string,
    most: number,
    limit?: number,
  ): Promise<Begun>;
  /** Has running requests count as running for at least `most` more milliseconds. */
  renew(keys: readonly IdempotencyKey[], most: number): Promise<void>;
  /** Returns a finished request's answer, which may have megabytes. */
  answer(tenant: string, key: string, fingerprint: string): Promise<StoredAnswer | undefined>;
  /**
   * Stores an answer. Without room for it, stores its status and that it is `lost`, and returns
   * false.
   */
  finish(tenant: string, key: string, fingerprint: string, answer: StoredAnswer): Promise<boolean>;
  /** Deletes the record of a request that came to no execution, so that its key is new again. */
  abandon(tenant: string, key: string, fingerprint: string): Promise<void>;
  /**
   * Deletes records that began more than `age` milliseconds ago, or that have been without an
   * answer for too long.
   */
  prune(age: number): Promise<number>;
}
