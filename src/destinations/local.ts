import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");
// The unspecified addresses: whoever connects to them reaches this machine.
loopback.addAddress("0.0.0.0");
loopback.addAddress("::", "ipv6");

/** Deno takes ranges of IPv4 addresses, `10.0.0.0/8` or `10.0.0.0/8:80`. */
const RANGE = /^([\d.]+)\/(\d{1,2})(?::\d+)?$/;

/**
 * Tells whether an entry of `net` leads to this machine: `localhost` and names below it, loopback
 * and unspecified addresses however spelled, ranges that contain one, and sockets that are no
 * network at all; with or without a port.
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

/** The host without port, brackets and trailing dot, spelled as a URL spells it. */
function hostOf(entry: string): string {
  // The parser of URLs knows every notation of an address: 127.1, 0x7f000001, ::ffff:127.0.0.1.
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
