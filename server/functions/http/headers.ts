import type { HeaderList } from "../../../src/protocol/http.ts";
import { confineCookie } from "./cookies.ts";

/** Those that are about one connection, and those that somebody else sets. */
const BETWEEN = [
  "connection",
  "content-length",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // By this one the HTTP server would be told that everything is sent.
  "x-hono-already-sent",
];

/** Those of a response that say something about the whole host, whose other functions are others'. */
const OF_THE_HOST = [
  "alt-svc",
  "clear-site-data",
  "nel",
  "public-key-pins",
  "report-to",
  "reporting-endpoints",
  "secure-session-registration",
  "service-worker-allowed",
  "set-cookie2",
  "strict-transport-security",
  "x-request-id",
];

/** Those that a proxy in front obeys: other places of the host would be served, or kept, for code. */
const TO_PROXIES =
  /^(x-accel-|x-sendfile|x-lighttpd-|x-reproxy-|x-litespeed-|x-varnish|surrogate-)|(^|-)cdn-cache-control$/;

/**
 * The one challenge that no browser answers by itself. What somebody has typed for another function's
 * `Basic` realm it would send to whoever names the same realm: it takes all of a host for one.
 */
const CHALLENGE = /^Bearer( [\w-]+="[^"\\]*"(, ?[\w-]+="[^"\\]*")*)?$/i;

/**
 * Gives a page an origin of its own: with this server's, it would share storage and workers with every
 * other function's pages, and with the page of the contract that keys are typed into.
 */
const SANDBOX =
  "sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-scripts";

/** A request's headers as code gets them: without `except`, and without those that hold a key. */
export function requestHeaders(
  headers: Headers,
  except: readonly string[],
  holdsKey: (text: string) => boolean,
): HeaderList {
  const dropped = new Set([...BETWEEN, ...except, ...namedBy(headers.get("connection"))]);
  const isFit = (name: string, value: string): boolean =>
    !dropped.has(name) && !holdsKey(name) && !holdsKey(value);
  return [...headers].filter(([name, value]) => isFit(name, value));
}

/** A response's headers as its client gets them. `base` is the path of the function. */
export function responseHeaders(list: HeaderList, base: string): Headers {
  const connection = list.find(([name]) => name === "connection")?.[1] ?? null;
  const dropped = new Set([...BETWEEN, ...OF_THE_HOST, ...namedBy(connection)]);
  const headers = new Headers();
  for (const [name, value] of list) {
    if (dropped.has(name) || TO_PROXIES.test(name)) continue;
    if (name === "www-authenticate" && !CHALLENGE.test(value)) continue;
    headers.append(name, name === "set-cookie" ? confineCookie(value, base) : value);
  }
  headers.append("content-security-policy", SANDBOX);
  return headers;
}

function namedBy(connection: string | null): string[] {
  return (connection ?? "").split(",").map((name) => name.trim().toLowerCase());
}
