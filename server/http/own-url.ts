import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { BadRequest } from "../../src/base/errors.ts";

/** A name or an address, and a port. */
const HOST = /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$/i;

/**
 * Returns a request's URL with the host of its `Host` header, which has been checked where that
 * matters. The request line may contain a complete URL of any host.
 *
 * @throws {BadRequest} If `Host` is no name of a host.
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
