import type { ServerOptions } from "node:http";
import type { PaceLimits } from "../body/pace.ts";

/** Most bytes of a request's first line and headers. */
const MAX_HEAD = 16_384;
/** Milliseconds for them to arrive, from their first byte on. */
const HEAD_MS = 15_000;
/**
 * Milliseconds that a connection may stay open without a request. Proxies keep theirs for up to a
 * minute: one that closes first would fail the request that a proxy is just sending on it.
 */
export const KEEP_ALIVE_MS = 75_000;
/** Milliseconds between two checks of these times. */
const LOOK_MS = 2_000;
/**
 * Milliseconds beyond the time for a body, so that its own check answers first, in the usual form.
 */
const MARGIN_MS = 30_000;

/** Limits of the HTTP server for the time and size of a request. */
export function httpLimits({ total }: PaceLimits, keepAlive = KEEP_ALIVE_MS): ServerOptions {
  const requestTimeout = total + MARGIN_MS;
  return {
    maxHeaderSize: MAX_HEAD,
    headersTimeout: Math.min(HEAD_MS, requestTimeout),
    requestTimeout,
    keepAliveTimeout: keepAlive,
    connectionsCheckingInterval: LOOK_MS,
  };
}
