/** Settings of the crypto tool, from the operator. */
export interface CryptoConfig {
  /** True if `crypto.subtle` exists. */
  readonly subtle: boolean;
  /** Bytes that `getRandomValues()` fills at once. */
  readonly limit: number;
  /** Methods that exist. */
  readonly methods: readonly ("getRandomValues" | "randomUUID")[];
}
