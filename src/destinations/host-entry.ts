import { isIP } from "node:net";

/** An entry of `net`, understood. */
export interface HostEntry {
  /** A name or address in its one spelling, `*.` and a name, or `*`. */
  readonly host: string;
  /** The port that is written, or those that none means. */
  readonly ports: readonly number[];
  /** The entry in its one spelling. */
  readonly text: string;
}

/** What no port means: that of http and that of https. */
const DEFAULT_PORTS: readonly number[] = [80, 443];
const ENTRY = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/;
const PORT = /^[1-9]\d{0,4}$/;
const LABEL = /^(?!-)[a-z\d-]{1,63}(?<!-)$/;
/** A name with such a last label is an address to the parsers of URLs, or a broken one. */
const NUMERIC = /^(?:\d+|0x[\da-f]*)$/;

/**
 * Reads an entry of `net`: a host, `*`, or `*.` and a name; and a port, except with `*`. The
 * reason is returned if it is none. Each host has one accepted spelling, up to case and the zeros
 * of IPv6: two entries are about the same host exactly if their hosts are equal text.
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
  const [, rawHost = "", port] = ENTRY.exec(entry.toLowerCase()) ?? [];
  const host = canonicalHost(rawHost);
  if (host === undefined) {
    const bare = isIP(entry) === 6 ? ": an IPv6 address stands in brackets" : "";
    return `is not a host or host:port${bare}`;
  }
  if (port === undefined) return { host, ports: DEFAULT_PORTS, text: host };
  if (!PORT.test(port) || Number(port) > 65_535) return "has a port that is not 1 to 65535";
  return { host, ports: [Number(port)], text: `${host}:${port}` };
}

/** Reads an entry that is known to be one; throws an Error if it is not. */
export function knownEntry(entry: string): HostEntry {
  const parsed = parseEntry(entry);
  if (typeof parsed === "string") throw new Error(`"${entry}" ${parsed}`);
  return parsed;
}

function canonicalHost(host: string): string | undefined {
  if (host.startsWith("[")) return canonicalIPv6(host);
  if (isIP(host) === 4) return host;
  return isName(host.startsWith("*.") ? host.slice(2) : host) ? host : undefined;
}

function canonicalIPv6(bracketed: string): string | undefined {
  const url = `http://${bracketed}`;
  if (isIP(bracketed.slice(1, -1)) !== 6 || !URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  // To Deno a mapped address is the IPv4 address, which has a spelling already.
  return hostname.startsWith("[::ffff:") ? undefined : hostname;
}

function isName(name: string): boolean {
  const labels = name.split(".");
  return (
    name.length <= 253 &&
    labels.every((label) => LABEL.test(label)) &&
    !NUMERIC.test(labels.at(-1) ?? "")
  );
}

/**
 * Whether each host and port of an entry is one of some others. `*.x` is every name below `x`,
 * not `x`.
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
 * Whether one host of an entry includes another, whatever the port.
 *
 * @example
 * ["x.org", "*.x.org", "*"].map((wide) => coversHost(wide, "a.x.org")) // [false, true, true]
 */
export function coversHost(wide: string, host: string): boolean {
  if (wide === "*") return true;
  return wide.startsWith("*.") ? host.endsWith(wide.slice(1)) : host === wide;
}
