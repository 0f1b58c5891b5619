/**
 * Address of a sandbox's tunnels; runner-image/tunnels.ts listens there. The ports are above those
 * that the kernel assigns by itself.
 */
const HOSTNAME = "127.0.0.1";
const FIRST = 61_000;
/**
 * Most tunnels: a policy of 256 entries with two ports each is the largest that the proxy takes.
 */
const MOST = 512;

/**
 * First byte that a client sends to a tunnel. One that is `told` gets the proxy's decision ahead of the
 * target's bytes. A `silent` one gets these alone, and an end if the proxy refuses.
 */
export const TUNNEL_START = { silent: 0, told: 1 } as const;

/** Tests that a loopback port is reserved for tunnels, so that nothing else is granted there. */
export function isTunnelPort(port: number): boolean {
  return port >= FIRST && port < FIRST + MOST;
}

/**
 * Assigns loopback ports to the targets of a Worker's list, one each. A wildcard is no target.
 * Equal lists give equal ports, and the ports themselves may be in the list.
 *
 * @example
 * [...tunnelsOf(["*.y.org:443", "x.org:443", "x.org:80"])] // [["x.org:443", 61000], ["x.org:80", 61001]]
 */
export function tunnelsOf(net: readonly string[]): Map<string, number> {
  const targets = net.filter((entry) => !entry.startsWith("*") && !isTunnel(entry));
  return new Map(targets.slice(0, MOST).map((target, index) => [target, FIRST + index]));
}

/**
 * Adds the ports of its tunnels to a Worker's list, because the Worker has to reach them.
 *
 * @example
 * withTunnels(["x.org:443"]) // ["x.org:443", "127.0.0.1:61000"]
 */
export function withTunnels(net: readonly string[]): string[] {
  return [...net, ...[...tunnelsOf(net).values()].map((port) => `${HOSTNAME}:${port}`)];
}

/** Makes the address of a tunnel. */
export function tunnelAddress(port: number): { hostname: string; port: number } {
  return { hostname: HOSTNAME, port };
}

function isTunnel(entry: string): boolean {
  const [hostname, port] = entry.split(":");
  return hostname === HOSTNAME && isTunnelPort(Number(port));
}
