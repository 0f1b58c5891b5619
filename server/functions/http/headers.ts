import type { HeaderList, ResponseHead } from "../../../src/protocol/http.ts";
import type { HeaderPairs } from "../../http/route.ts";
import { confineCookie } from "./cookies.ts";
import { type Mount, outward } from "./mount.ts";

/** Headers of one connection, and headers that the server sets. */
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
  // This header would tell the HTTP server that everything has been sent.
  "x-hono-already-sent",
];

/** Headers of a response that concern the whole host, and so other tenants' functions. */
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

/** Statuses of responses that may not tell a length, or have none: clients would wait for the bytes. */
const LENGTHLESS: readonly number[] = [101, 204, 205];

/**
 * Headers that a proxy in front obeys. Code could make it serve or cache other places of the host.
 */
const TO_PROXIES =
  /^(x-accel-|x-sendfile|x-lighttpd-|x-reproxy-|x-litespeed-|x-varnish|surrogate-)|(^|-)cdn-cache-control$/;

/**
 * Matches the only challenge that no browser answers by itself. With `Basic`, a browser would send
 * the password typed for another function with the same realm. It takes the whole host for one
 * site.
 */
const CHALLENGE = /^Bearer( [\w-]+="[^"\\]*"(, ?[\w-]+="[^"\\]*")*)?$/i;

/**
 * Gives a page an origin of its own. In this server's origin, it would share storage and workers
 * with all functions' pages. It would share them also with the contract's page, where keys are
 * typed.
 */
const SANDBOX =
  "sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-scripts";

/** Returns a request's headers for code: without `except`, and without those that contain a key. */
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

/**
 * Returns a response's headers for the client. A length is kept: `ResponseStream` cuts a body that is
 * not as long.
 */
export function responseHeaders(
  { status, headers: list }: ResponseHead,
  mount: Mount,
  further: { readonly cors?: HeaderPairs | undefined } = {},
): Headers {
  const connection = list.find(([name]) => name === "connection")?.[1] ?? null;
  const dropped = new Set([...BETWEEN, ...OF_THE_HOST, ...namedBy(connection)]);
  const headers = new Headers();
  for (const [name, value] of list) {
    if (dropped.has(name) || TO_PROXIES.test(name)) continue;
    if (further.cors !== undefined && name.startsWith("access-control-")) continue;
    if (name === "www-authenticate" && !CHALLENGE.test(value)) continue;
    headers.append(name, toClient(name, value, mount));
  }
  const length = lengthOf(list);
  if (length !== undefined && !LENGTHLESS.includes(status))
    headers.set("content-length", `${length}`);
  if (!mount.isOwnHost) headers.append("content-security-policy", SANDBOX);
  for (const [name, value] of further.cors ?? []) headers.append(name, value);
  return headers;
}

/** Returns the length that a response claims for its body. `undefined` without a valid one. */
export function lengthOf(list: HeaderList): number | undefined {
  const value = list.find(([name]) => name === "content-length")?.[1];
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function toClient(name: string, value: string, mount: Mount): string {
  if (name === "set-cookie") return confineCookie(value, mount.path, mount.seesRoot);
  return name === "location" || name === "content-location" ? outward(value, mount) : value;
}

function namedBy(connection: string | null): string[] {
  return (connection ?? "").split(",").map((name) => name.trim().toLowerCase());
}
