/** What one run may use of the proxy. Sizes are bytes, times milliseconds. */
export interface EgressLimits {
  /** Connections on the slot's socket that carry no tunnel (yet). Default 32. */
  readonly halfOpen: number;
  /** Tunnels at a time. Default 32. */
  readonly tunnels: number;
  /** Tunnels in all, those that came to nothing among them. Default 1,000. */
  readonly totalTunnels: number;
  /** Bytes to the outside, over all tunnels. Default 100 MiB. */
  readonly bytesOut: number;
  /** Bytes from the outside, over all tunnels. Default 100 MiB. */
  readonly bytesIn: number;
  /** Time for a request's head, from the connection on. Default 5,000. */
  readonly headTimeoutMs: number;
  /** Time for the name's resolution, and again for the dialling. Default 5,000. */
  readonly dialTimeoutMs: number;
  /** Time without a byte either way. Default 30,000. */
  readonly idleTimeoutMs: number;
  /** Life of a tunnel. Default 300,000. */
  readonly absoluteTimeoutMs: number;
}
export declare const DEFAULT_EGRESS_LIMITS: EgressLimits;
