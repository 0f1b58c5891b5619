/** What the crypto tool is told in the place where it runs: the operator's settings. */
export interface CryptoConfig {
  /** Whether `crypto.subtle` is there. */
  readonly subtle: boolean;
  /** Bytes `getRandomValues()` fills at once. */
  readonly limit: number;
  /** Methods that are there. */
  readonly methods: readonly ("getRandomValues" | "randomUUID")[];
}
