import type { MiddlewareHandler } from "hono";
import { HttpProblem } from "../errors/problem.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Tells whether an address to listen on can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/**
 * Refuses requests whose `Host` is not a name of this machine. A web page can make its own name
 * resolve to this machine. Its requests would otherwise count as those of a page of this server.
 */
export function hostCheck(alsoAllowed: readonly string[]): MiddlewareHandler {
  return async function checkHost(c, next) {
    const name = (c.req.header("host") ?? "localhost").replace(/:\d+$/, "");
    if (!LOOPBACK.test(name) && !alsoAllowed.includes(name.toLowerCase())) {
      const message = `This server does not answer to "${name.slice(0, 100)}"; see ISOLATE_HOSTS`;
      throw new HttpProblem(403, "ForbiddenHost", "FORBIDDEN_HOST", message);
    }
    await next();
  };
}
