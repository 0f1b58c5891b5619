/** What an execution took, all of it measured outside the sandbox. */
export interface Usage {
  /** Milliseconds from the request to the outcome, waiting for a sandbox included. */
  readonly wall: number;
  /** Milliseconds of processor time; `null` where it cannot be measured. */
  readonly cpu: number | null;
  /** Most bytes of memory the sandbox had, its runtime included; `null` where unknown. */
  readonly peakMemory: number | null;
  /** Bytes of its result and logs. */
  readonly bytesOut: number;
  /** Bytes that went through the egress proxy, both ways. */
  readonly egressBytes: number;
}
