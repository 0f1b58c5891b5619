import { type Destination, HostError, parseAuthority } from "../src/destinations/host.ts";
import { Refusal } from "../src/destinations/refusal.ts";
import { framingOf, HeadSyntaxError, type RequestHead } from "./head.ts";

/**
 * Kind of a request: a tunnel for bytes both ways, or one HTTP exchange. `path` starts with a
 * slash.
 */
export type Target =
  | { readonly kind: "tunnel"; readonly destination: Destination }
  | { readonly kind: "exchange"; readonly destination: Destination; readonly path: string };

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
/** Methods whose response echoes the request, or that belong to no request at all. */
const REFUSED_METHODS = new Set(["TRACE", "PRI", "CONNECT"]);

/**
 * Reads the target of a request: `CONNECT host:port` or `METHOD http://host[:port]/path`.
 *
 * @throws {Refusal} `BAD_HOST`, `BAD_REQUEST`, `METHOD_NOT_ALLOWED` or `SCHEME_NOT_SUPPORTED`.
 */
export function readTarget(request: RequestHead): Target {
  try {
    if (request.method === "CONNECT") return readTunnel(request);
    assertForwarded(request.method);
    return readExchange(request.target);
  } catch (error) {
    if (error instanceof HostError) throw new Refusal("BAD_HOST", error.message);
    if (error instanceof HeadSyntaxError) throw new Refusal("BAD_REQUEST", error.message);
    throw error;
  }
}

/** @throws {Refusal} For a method that belongs to no exchange with a host. */
export function assertForwarded(method: string): void {
  if (!REFUSED_METHODS.has(method)) return;
  throw new Refusal("METHOD_NOT_ALLOWED", "The proxy does not forward this method");
}

function readTunnel({ target, fields }: RequestHead): Target {
  const framing = framingOf(fields);
  if (framing.kind === "chunked" || (framing.kind === "length" && framing.bytes > 0)) {
    throw new Refusal("BAD_REQUEST", "A CONNECT has no body");
  }
  return { kind: "tunnel", destination: parseAuthority(target) };
}

/** Reads an absolute URL. `URL` is not used, because it repairs hosts and so changes their text. */
function readExchange(url: string): Target {
  const [prefix, scheme] = SCHEME.exec(url) ?? [];
  if (prefix === undefined || scheme === undefined) {
    throw new Refusal("BAD_REQUEST", "The target is not an absolute URL: this is a proxy");
  }
  if (scheme.toLowerCase() !== "http") {
    throw new Refusal("SCHEME_NOT_SUPPORTED", "Only http URLs are forwarded; use CONNECT for TLS");
  }
  if (url.includes("#")) throw new Refusal("BAD_REQUEST", "The target has a fragment");
  const rest = url.slice(prefix.length);
  const end = rest.search(/[/?]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const path = end === -1 ? "/" : rest.slice(end);
  return {
    kind: "exchange",
    destination: parseAuthority(authority, 80),
    path: path.startsWith("/") ? path : `/${path}`,
  };
}
