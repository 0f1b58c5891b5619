const DEFAULT_PORTS = new Map([
  ["http:", 80],
  ["https:", 443],
  ["ws:", 80],
  ["wss:", 443],
  ["postgres:", 5432],
  ["postgresql:", 5432],
  ["mysql:", 3306],
  ["mariadb:", 3306],
  ["redis:", 6379],
  ["rediss:", 6379],
  ["mongodb:", 27017],
]);

/** A name, an IPv4 address, or an IPv6 address in brackets: no wildcard, no list, no escapes. */
const EXACT_HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i;

/**
 * Reads the `host:port` of a URL, in the form of an entry of `net`. The host is in lower case, an
 * IPv6 address in brackets. A URL without a port gets the one of its scheme.
 *
 * @throws {Error} If the text is no URL, or does not name exactly one host. Also if it has no port
 * and its scheme has no known one. No message repeats the text, which may hold a password.
 *
 * @example
 * parse("postgres://user@localhost:5432/db") // "localhost:5432"
 * @example
 * parse("https://[2001:db8::1]/") // "[2001:db8::1]:443"
 */
export function parse(url: string): string {
  // The constructor's own error contains its input, credentials included.
  if (!URL.canParse(url)) throw new Error("Not a URL");
  const { hostname, port, protocol } = new URL(url);
  if (!EXACT_HOST.test(hostname)) throw new Error("The URL does not name exactly one host");
  const effective = port === "" ? DEFAULT_PORTS.get(protocol) : port;
  if (effective === undefined) {
    throw new Error(`The URL names no port and its scheme "${protocol}" has no known one`);
  }
  return `${hostname.toLowerCase()}:${effective}`;
}
