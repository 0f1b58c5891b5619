import { isIP } from "node:net";
import { accepted, cutPort, formatHost, HostError, parseHost, parsePort } from "./host.ts";

/** A parsed entry of `net`, or of a policy of the proxy. */
export interface HostEntry {
  /** A name or address in its only spelling, `*.` and a name, or `*`. */
  readonly host: string;
  /** The port of the entry, or the default ports. */
  readonly ports: readonly number[];
  /** The entry in its only spelling. */
  readonly text: string;
}

/** Ports of an entry without one: http and https. */
const DEFAULT_PORTS: readonly number[] = [80, 443];

/**
 * Parses an entry of `net`: `*`, a host, or `*.` and a name. All but `*` may have a port. Returns
 * the reason if it is invalid. Each host has one accepted spelling, except for letter case and
 * zeros in IPv6. So two entries name the same host exactly if their hosts are equal text.
 *
 * @example
 * parseEntry("API.example.org") // { host: "api.example.org", ports: [80, 443], text: "api.example.org" }
 * @example
 * parseEntry("https://x.org") // "is a URL or a path: write only host or host:port"
 */
export function parseEntry(entry: string): HostEntry | string {
  if (/[/?#@]|^(?:unix|vsock):/i.test(entry)) {
    return "is a URL or a path: write only host or host:port";
  }
  if (entry === "*") return { host: "*", ports: DEFAULT_PORTS, text: "*" };
  const written = cutPort(entry);
  const host = readHost(written.host);
  if (host === undefined) {
    const bare = isIP(entry) === 6 ? ": an IPv6 address stands in brackets" : "";
    return `is not a host or host:port${bare}`;
  }
  const { port: digits } = written;
  if (digits === undefined) return { host, ports: DEFAULT_PORTS, text: host };
  const port = accepted(() => parsePort(digits));
  if (port === undefined) return "has a port that is not 1 to 65535";
  return { host, ports: [port], text: `${host}:${port}` };
}

/**
 * Parses a valid entry.
 *
 * @throws {HostError} that names the entry if it is invalid.
 */
export function knownEntry(entry: string): HostEntry {
  const parsed = parseEntry(entry);
  if (typeof parsed === "string") throw new HostError(`${JSON.stringify(entry)} ${parsed}`);
  return parsed;
}

/** Returns a host in its only spelling, or `*.` and a name. */
function readHost(text: string): string | undefined {
  const isWild = text.startsWith("*.");
  const host = accepted(() => parseHost(isWild ? text.slice(2) : text));
  if (host?.kind === "name") return isWild ? `*.${host.name}` : host.name;
  if (host === undefined || isWild) return undefined;
  return isMapped(host.address) ? undefined : formatHost(host);
}

/**
 * Detects an IPv6 address that contains an IPv4 one. Deno treats it as that IPv4 address, which has
 * its own spelling.
 */
function isMapped(address: string): boolean {
  return address.startsWith("::ffff:");
}

/**
 * Tells whether other entries include each host and port of an entry. `*.x` includes every name
 * below `x`, but not `x`.
 *
 * @example
 * const [wide, exact] = ["*.x.org", "a.x.org:443"].map(parseEntry);
 * [covered(exact, [wide]), covered(wide, [exact])] // [true, false]
 */
export function covered(entry: HostEntry, by: readonly HostEntry[]): boolean {
  return entry.ports.every((port) =>
    by.some((other) => other.ports.includes(port) && coversHost(other.host, entry.host)),
  );
}

/**
 * Tells whether the host of one entry includes that of another, without their ports.
 *
 * @example
 * ["x.org", "*.x.org", "*"].map((wide) => coversHost(wide, "a.x.org")) // [false, true, true]
 */
export function coversHost(wide: string, host: string): boolean {
  if (wide === "*") return true;
  return wide.startsWith("*.") ? host.endsWith(wide.slice(1)) : host === wide;
}
