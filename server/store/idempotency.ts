/** An answer as it was given the first time. */
export interface StoredAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Of its header of that name, if it has one. */
  readonly location?: string;
}

export type Begun =
  | { readonly state: "new" }
  /** Under way elsewhere. */
  | { readonly state: "running" }
  | { readonly state: "done"; readonly answer: StoredAnswer }
  /** The key was used with another request. */
  | { readonly state: "mismatch" };

export interface Idempotency {
  /**
   * Notes that a request with this key is under way, for `most` milliseconds by the store's clock at
   * most; `fingerprint` is a hash of its route and its body.
   */
  begin(tenant: string, key: string, fingerprint: string, most: number): Promise<Begun>;
  finish(tenant: string, key: string, fingerprint: string, answer: StoredAnswer): Promise<void>;
  /** As if it had never begun: its request came to nothing. */
  abandon(tenant: string, key: string, fingerprint: string): Promise<void>;
  /** Forgets what was begun so many milliseconds ago. */
  prune(age: number): Promise<number>;
}
