/** Most bindings of an execution. */
export const MAX_BINDINGS = 16;

/** Most characters of a header's value with its secret in it. */
export const MAX_BOUND_VALUE = 4_096;

/** Most patterns of paths of a binding, and most characters of each. */
export const MAX_PATHS = 8;
export const MAX_PATH = 200;

/** Most methods of a binding. */
export const MAX_METHODS = 16;

export const BINDING_SCHEMES = ["https", "http"] as const;
export type BindingScheme = (typeof BINDING_SCHEMES)[number];

/** Matches the name of a header. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

/** Matches a value that stands in a header: ASCII without control characters, no blank at either end. */
export const HEADER_VALUE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** Matches a method of a binding. */
export const METHOD = /^[A-Z][A-Z-]{0,19}$/;

/**
 * Headers that no binding sets. They say where a message ends or which host it is for, are of one
 * connection, or are written by the proxy alone.
 */
const UNBOUND = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "origin",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "referer",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);
const UNBOUND_BEGINNINGS = ["sec-", "proxy-", "x-isolate-", "x-forwarded-"];

/** Tells whether a binding may set a header. */
export function isBindable(header: string): boolean {
  const name = sameHeader(header);
  if (!HEADER_NAME.test(header) || UNBOUND.has(name)) return false;
  return !UNBOUND_BEGINNINGS.some((beginning) => name.startsWith(beginning));
}

/**
 * Spells a header's name so that names which some servers take for one are equal: CGI makes one
 * variable of `X-Key` and `x_key`.
 */
export function sameHeader(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Puts a secret in the place of `{}`. */
export function boundValue(format: string, secret: string): string {
  const at = format.indexOf("{}");
  return format.slice(0, at) + secret + format.slice(at + 2);
}

/** Header that the proxy puts on requests to one destination. */
export interface EgressBinding {
  /** Destination as `host:port`. */
  readonly host: string;
  readonly scheme: BindingScheme;
  readonly header: string;
  /** Text with one `{}`, in whose place the secret stands. */
  readonly format: string;
  readonly secret: string;
  /** Methods of the requests that get the header. Default: all. */
  readonly methods?: readonly string[] | undefined;
  /** Patterns of the paths that get the header. Default: all. */
  readonly paths?: readonly string[] | undefined;
}
