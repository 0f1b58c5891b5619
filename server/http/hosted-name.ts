/** Host name that belongs to functions, as a request has named it. */
export interface Hosted {
  /** Name and port, as browsers send them. */
  readonly authority: string;
  /** Tenant whose functions answer. Absent: nothing is served by the name. */
  readonly tenant?: string | undefined;
  /** Function that answers. Absent: the first part of the path names one. */
  readonly function?: string | undefined;
}

/** A `Host` header in its usual form. */
export interface HostHeader {
  /** Name in lower case, without a dot at its end. */
  readonly name: string;
  /** Port with a colon in front, or nothing. */
  readonly port: string;
}

const HEADER = /^([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*)\.?(:\d{1,5})?$/;
/** Most characters of a name, its last dot and a port. */
const MOST = 260;

/**
 * Reads a `Host` header. `undefined` for an IPv6 address and for what is no name. Browsers send
 * names of other letters in ASCII.
 *
 * @example readHost("Shop.Example.com.:8443") // { name: "shop.example.com", port: ":8443" }
 */
export function readHost(header: string): HostHeader | undefined {
  if (header.length > MOST) return undefined;
  const [, name, port = ""] = HEADER.exec(header.toLowerCase()) ?? [];
  return name === undefined ? undefined : { name, port };
}
