/** Most requests through the proxy that an execution makes, unless the operator says otherwise. */
export const DEFAULT_EGRESS_REQUESTS = 10_000;

/** Most requests of an execution that a setting may allow. */
export const MAX_EGRESS_REQUESTS = 1_000_000;

/** Limits of one run in the proxy. Sizes are in bytes, times in milliseconds. */
export interface EgressLimits {
  /** Connections on the slot's socket that have no tunnel yet. Default 128. */
  readonly halfOpen: number;
  /** Tunnels at a time; further ones wait. Default 128: see runner-image/places.ts. */
  readonly tunnels: number;
  /** Tunnels in total, including failed ones, for a policy that does not say. Default 10,000. */
  readonly totalTunnels: number;
  /** Bytes to the outside, over all tunnels. Default 100 MiB. */
  readonly bytesOut: number;
  /** Bytes from the outside, over all tunnels. Default 100 MiB. */
  readonly bytesIn: number;
  /** Time from the connection to the end of the request's head. Default 5,000. */
  readonly headTimeoutMs: number;
  /** Time for name resolution, and again for dialling. Default 5,000. */
  readonly dialTimeoutMs: number;
  /** Time without a byte in either direction. Default 30,000. */
  readonly idleTimeoutMs: number;
  /** Life of a tunnel. Default 300,000. */
  readonly absoluteTimeoutMs: number;
}

export const DEFAULT_EGRESS_LIMITS: EgressLimits = {
  halfOpen: 128,
  tunnels: 128,
  totalTunnels: DEFAULT_EGRESS_REQUESTS,
  bytesOut: 100 * 1_048_576,
  bytesIn: 100 * 1_048_576,
  headTimeoutMs: 5_000,
  dialTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
  absoluteTimeoutMs: 300_000,
};
