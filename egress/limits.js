export const DEFAULT_EGRESS_LIMITS = {
  halfOpen: 32,
  tunnels: 32,
  totalTunnels: 1_000,
  bytesOut: 100 * 1_048_576,
  bytesIn: 100 * 1_048_576,
  headTimeoutMs: 5_000,
  dialTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
  absoluteTimeoutMs: 300_000,
};
