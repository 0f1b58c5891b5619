/** Where a sandbox's tunnels are: runner-image/tunnels.ts listens there. Above the ports that the kernel gives out by itself. */
const HOSTNAME = "127.0.0.1";
const FIRST = 61_000;
/** The targets of a policy of 256 entries, two ports each, are the most that the proxy takes. */
const MOST = 512;

/** Whether a loopback port is kept for tunnels, so that nobody can be granted it for anything else. */
export function isTunnelPort(port: number): boolean {
  return port >= FIRST && port < FIRST + MOST;
}

/**
 * The loopback ports behind which a sandbox offers the targets of a Worker's list, one each. A
 * wildcard is no target. Equal lists have equal ports, and the ports themselves may be in the list.
 *
 * @example
 * [...tunnelsOf(["*.y.org:443", "x.org:443", "x.org:80"])] // [["x.org:443", 61000], ["x.org:80", 61001]]
 */
export function tunnelsOf(net: readonly string[]): Map<string, number> {
  const targets = net.filter((entry) => !entry.startsWith("*") && !isTunnel(entry));
  return new Map(targets.slice(0, MOST).map((target, index) => [target, FIRST + index]));
}

/**
 * A Worker's list together with the ports of its tunnels, which it has to reach.
 *
 * @example
 * withTunnels(["x.org:443"]) // ["x.org:443", "127.0.0.1:61000"]
 */
export function withTunnels(net: readonly string[]): string[] {
  return [...net, ...[...tunnelsOf(net).values()].map((port) => `${HOSTNAME}:${port}`)];
}

/** The address of a tunnel. */
export function tunnelAddress(port: number): { hostname: string; port: number } {
  return { hostname: HOSTNAME, port };
}

function isTunnel(entry: string): boolean {
  const [hostname, port] = entry.split(":");
  return hostname === HOSTNAME && isTunnelPort(Number(port));
}
