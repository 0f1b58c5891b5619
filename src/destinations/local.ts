import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");
// Connecting to an unspecified address reaches this machine.
loopback.addAddress("0.0.0.0");
loopback.addAddress("::", "ipv6");

/** Range of IPv4 addresses that Deno accepts: `10.0.0.0/8` or `10.0.0.0/8:80`. */
const RANGE = /^([\d.]+)\/(\d{1,2})(?::\d+)?$/;

/**
 * Tells whether an entry of `net` leads to this machine, with or without a port. These do:
 * - `localhost` and names below it
 * - loopback and unspecified addresses in any spelling, and ranges that contain one
 * - sockets that use no network
 *
 * @example
 * ["localhost:80", "127.1", "[::1]:80", "x.org"].map(isLocal) // [true, true, true, false]
 */
export function isLocal(entry: string): boolean {
  if (/^(?:unix|vsock):/.test(entry)) return true;
  const [, base, bits] = RANGE.exec(entry) ?? [];
  if (base !== undefined && containsLoopback(base, Number(bits))) return true;
  const host = hostOf(base ?? entry);
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? "ipv6" : "ipv4");
}

/** Returns the host without port, brackets and trailing dot, in the spelling of URLs. */
function hostOf(entry: string): string {
  // The URL parser knows every notation of an address: 127.1, 0x7f000001, ::ffff:127.0.0.1.
  const url = `http://${entry}`;
  const host = URL.canParse(url) ? new URL(url).hostname : entry;
  return host.replace(/^\[|[\].]$/g, "");
}

function containsLoopback(base: string, bits: number): boolean {
  if (isIP(base) !== 4 || bits > 32) return false;
  const range = new BlockList();
  range.addSubnet(base, bits);
  return range.check("127.0.0.1");
}
