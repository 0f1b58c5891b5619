import type { Context, MiddlewareHandler } from "hono";
import { BadRequest } from "../../src/base/errors.ts";
import type { Hosted } from "./hosted-name.ts";
import type { ApiEnv } from "./route.ts";

/** Finds whose host a `Host` header names. `undefined`: it is for the API. */
export type FindHost = (
  header: string,
  path: string,
) => Promise<Hosted | undefined> | Hosted | undefined;

/**
 * Has requests for host names of functions answered by `handle`, whatever their path is: none of them
 * gets to a route of the API. Only `Host` tells: a client may write what it likes into
 * `X-Forwarded-Host` and into the request's first line.
 */
export function hostedRequests(
  find: FindHost,
  handle: (c: Context<ApiEnv>) => Promise<Response>,
): MiddlewareHandler<ApiEnv> {
  return async function serveHosted(c, next) {
    const header = c.req.header("host");
    if (header === undefined) return next();
    // Several `Host` headers arrive as one. A proxy in front may have looked at another one.
    if (header.includes(",")) throw new BadRequest("Host", "Host: Expected only one");
    const found = find(header, c.req.path);
    const hosted = found instanceof Promise ? await found : found;
    if (hosted === undefined) return next();
    c.set("hosted", hosted);
    return handle(c);
  };
}
