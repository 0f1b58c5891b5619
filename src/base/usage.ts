/** Parts that are new to an execution: its sandbox, only its worker, or none. */
export const FRESHNESS = ["container", "worker", "none"] as const;

export type Freshness = (typeof FRESHNESS)[number];

/** Resources that an execution used, all measured outside the sandbox. */
export interface Usage {
  /** Milliseconds from the request to the outcome, including the wait for a sandbox. */
  readonly wall: number;
  /** Milliseconds of those that it waited for a sandbox. */
  readonly queued: number;
  /** Milliseconds of processor time; `null` where it cannot be measured. */
  readonly cpu: number | null;
  /** Peak memory of the sandbox in bytes, including its runtime; `null` where unknown. */
  readonly peakMemory: number | null;
  /** Bytes of the result and the logs. */
  readonly bytesOut: number;
  /** Bytes through the egress proxy, in both directions. */
  readonly egressBytes: number;
  /** Messages of channels that the execution lost, because it handled them too slowly. */
  readonly channelDropped: number;
  /** Absent if no code has run. */
  readonly fresh?: Freshness;
}
