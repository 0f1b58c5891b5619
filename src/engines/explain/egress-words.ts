const TENANT_BUSY =
  "the tenant has as many connections as it may: close some, or run fewer such executions at a time";

/** Code of the egress proxy → cause and cure. docs/security/egress.md has more. */
const WORDS: Readonly<Record<string, string>> = {
  BAD_REQUEST: "the request is no plain HTTP/1.1: use fetch",
  BAD_HOST: "the host has no plain spelling: write a name in ASCII, a dotted quad, or [IPv6]",
  SCHEME_NOT_SUPPORTED: "only http: and https: are forwarded: use fetch",
  UNKNOWN_PROTOCOL: "the connection did not begin with HTTP: use Deno.connect for other protocols",
  BINDING_PATH:
    "servers may read this path differently, and a binding compares paths: write it without encoded or double slashes, dots and semicolons",
  BINDING_PROTOCOL:
    "the host has a binding, which is for HTTP/1.1 of its scheme alone: use fetch, and no raw connection",
  HOST_NOT_ALLOWED: 'no entry of "permissions.net" covers the host: add it',
  PORT_NOT_ALLOWED: '"permissions.net" has the host, but not this port: add "host:port"',
  ADDRESS_NOT_ALLOWED:
    "the name leads to an address that is not public: the operator may open it by ISOLATE_EGRESS_PRIVATE",
  METADATA_ADDRESS: "the name leads to a cloud's metadata service, which is never allowed",
  METHOD_NOT_ALLOWED: "TRACE and PRI are not forwarded: use another method",
  HEAD_TIMEOUT: "the request's head came too slowly: send it at once",
  BINDING_HOST:
    "TLS or the Host header names another host than the binding: use fetch with its URL",
  LIMIT_CONNECTIONS: "too many connections wait for an answer: await some of them first",
  LIMIT_TENANT: TENANT_BUSY,
  LIMIT_TUNNELS: "the execution has made as many requests as it may: make fewer",
  LIMIT_BYTES: "the execution has moved as many bytes as it may in one direction: move less",
  HEAD_TOO_LARGE: "the request's head is too large: send fewer and shorter headers",
  INTERNAL: "the proxy failed: its log has the reason",
  RESOLVE_FAILED: "the name has no address: check its spelling, and that it is in the DNS",
  DIAL_FAILED: "no address of the host takes the connection: check the port, and that it listens",
  UPSTREAM_FAILED: "the host broke the connection off, or answered with no plain HTTP: check it",
  BINDING_FAILED:
    "the host of a binding has no certificate that is trusted for its name: the operator may add an authority by ISOLATE_EGRESS_CA",
  RESOLVE_TIMEOUT: "the name servers did not answer: the operator should check them",
  DIAL_TIMEOUT: "the host did not take the connection in time: check the host and the port",
  IDLE_TIMEOUT: "no byte moved for too long: have the host answer sooner",
  ABSOLUTE_TIMEOUT: "the connection was open for too long: ask for less at a time",
};

/**
 * Tells cause and cure of a refusal by the egress proxy; `undefined` for a code that is none.
 *
 * @example
 * egressWords("LIMIT_BYTES") // "the execution has moved as many bytes as it may in one direction: move less"
 */
export function egressWords(code: string): string | undefined {
  return Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
}
