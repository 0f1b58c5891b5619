import type { MiddlewareHandler } from "hono";
import { HttpProblem } from "../errors/problem.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Whether an address to listen on can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/**
 * Refuses requests that came by another name than this machine's own. A web page can have its name
 * point here, and would otherwise pass for a page of this server's.
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
