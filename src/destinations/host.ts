import { isIPv6 } from "node:net";

/** A parsed host in its canonical spelling. */
export type Host =
  | { readonly kind: "name"; readonly name: string }
  /** `address` has no brackets. */
  | { readonly kind: "address"; readonly address: string };

/** The destination of a tunnel. `port` is 1 to 65535. */
export interface Destination {
  readonly host: Host;
  readonly port: number;
}

/** Thrown for text that is not a host, port or authority in the accepted spelling. */
export class HostError extends Error {
  override readonly name = "HostError";
}

const MAX_NAME = 253;
const MAX_IPV6 = 45;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** A label that some resolvers read as a number, and so `127.1` or `0x7f.1` as an address. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const IPV6_CHARACTERS = /^[0-9a-f:.]+$/i;
const PORT = /^[1-9][0-9]{0,4}$/;

/**
 * Parses a host. It is a name in ASCII letters, digits and hyphens, a canonical dotted quad, or an
 * IPv6 address in brackets. Refuses text that two programs could read differently, instead of
 * repairing it.
 *
 * @throws {HostError}
 * @example parseHost("API.example.com"); // { kind: "name", name: "api.example.com" }
 */
export function parseHost(text: string): Host {
  if (text.startsWith("[")) {
    if (!text.endsWith("]")) throw new HostError("An IPv6 address lacks its closing bracket");
    return { kind: "address", address: canonicalIPv6(text.slice(1, -1)) };
  }
  if (IPV4.test(text)) return { kind: "address", address: text };
  if (text.length === 0) throw new HostError("The host is empty");
  if (text.length > MAX_NAME) throw new HostError(`The host is longer than ${MAX_NAME} characters`);
  // Only ASCII is lowered here: `toLowerCase` turns the Kelvin sign into a plain "k".
  const name = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const labels = name.split(".");
  if (!labels.every((label) => LABEL.test(label))) {
    throw new HostError("The host is not made of letters, digits, hyphens and single dots");
  }
  if (NUMERIC_LABEL.test(labels.at(-1) ?? "")) {
    throw new HostError("The host ends in a number and is no canonical IPv4 address");
  }
  return { kind: "name", name };
}

/**
 * Parses a port, 1 to 65535 in plain decimal.
 *
 * @throws {HostError}
 */
export function parsePort(text: string): number {
  const port = PORT.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new HostError("The port is not a number from 1 to 65535");
  return port;
}

/**
 * Cuts `host:port` in two, without parsing either. No colon behind the host means no port.
 *
 * @example cutPort("[::1]:80"); // { host: "[::1]", port: "80" }
 */
export function cutPort(text: string): { host: string; port: string | undefined } {
  const colon = text.indexOf(":", text.startsWith("[") ? text.indexOf("]") + 1 : 0);
  if (colon === -1) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

/**
 * Parses `host:port`, or `host` alone if there is a `defaultPort`.
 *
 * @throws {HostError}
 * @example parseAuthority("[2001:DB8::1]:443"); // address 2001:db8::1, port 443
 */
export function parseAuthority(text: string, defaultPort?: number): Destination {
  const { host, port } = cutPort(text);
  if (port !== undefined) return { host: parseHost(host), port: parsePort(port) };
  if (defaultPort === undefined) throw new HostError("The port is missing");
  return { host: parseHost(host), port: defaultPort };
}

/** Returns the result of `read`, or `undefined` where it throws a `HostError`. */
export function accepted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

/** Formats a host as in a URL: an IPv6 address is in brackets. */
export function formatHost(host: Host): string {
  if (host.kind === "name") return host.name;
  return host.address.includes(":") ? `[${host.address}]` : host.address;
}

/** Formats `host:port`. The port is always present. */
export function formatDestination({ host, port }: Destination): string {
  return `${formatHost(host)}:${port}`;
}

/** Spells an address as URLs do, because `fetch` in a sandbox sends that spelling. */
function canonicalIPv6(text: string): string {
  const url = `http://[${text}]`;
  // The characters are checked first: a zone (`%eth0`) is valid for other parsers and means nothing
  // here.
  const isWritten = text.length <= MAX_IPV6 && IPV6_CHARACTERS.test(text) && isIPv6(text);
  if (!isWritten || !URL.canParse(url)) throw new HostError("The brackets hold no IPv6 address");
  return new URL(url).hostname.slice(1, -1);
}
