import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { BadRequest } from "../../src/base/errors.ts";

/** A name or an address, and a port. */
const HOST = /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$/i;

/**
 * Returns a request's URL at the host that its `Host` says, which has been looked at where that matters. A
 * request line can hold a URL of its own, of any host.
 *
 * @throws {BadRequest} for a `Host` that is no name of one.
 */
export function ownUrl({ req, env }: Pick<Context, "req" | "env">): string {
  const { url } = req.raw;
  const { incoming } = (env ?? {}) as Partial<HttpBindings>;
  if (incoming === undefined || incoming.url?.startsWith("/")) return url;
  const { pathname, search } = new URL(url);
  const { host = "localhost" } = incoming.headers;
  if (!HOST.test(host) || !URL.canParse(`http://${host}`)) {
    throw new BadRequest("Host", "Host: Not the name of a host");
  }
  return `http://${host}${pathname}${search}`;
}
