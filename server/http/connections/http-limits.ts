import type { ServerOptions } from "node:http";
import type { PaceLimits } from "../body/pace.ts";

/** Bytes of the first line and the headers of a request. */
const MAX_HEAD = 16_384;
/** Milliseconds for those. */
const HEAD_MS = 15_000;
/** Milliseconds for which a connection may be without a request. */
const IDLE_MS = 5_000;
/** Milliseconds between two looks at what is late. */
const LOOK_MS = 2_000;
/** Milliseconds beyond the time for a body, which is answered for in the usual form. */
const MARGIN_MS = 30_000;

/** How long and how much of a request the HTTP server waits for, before there is a request. */
export function httpLimits({ total }: PaceLimits): ServerOptions {
  const requestTimeout = total + MARGIN_MS;
  return {
    maxHeaderSize: MAX_HEAD,
    headersTimeout: Math.min(HEAD_MS, requestTimeout),
    requestTimeout,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: LOOK_MS,
  };
}
