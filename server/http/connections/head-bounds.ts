import type { MiddlewareHandler } from "hono";
import { HttpProblem } from "../../errors/problem.ts";

const MAX_HEADERS = 200;

/** Refuses requests with too many headers. The HTTP server itself limits their bytes. */
export const headBounds: MiddlewareHandler = async function countHeaders(c, next) {
  const lines = (c.env?.incoming?.rawHeaders?.length ?? 0) / 2;
  if (lines > MAX_HEADERS) {
    const message = `The request has more than ${MAX_HEADERS} headers`;
    throw new HttpProblem(431, "RequestHeaderFieldsTooLarge", "TOO_MANY_HEADERS", message);
  }
  await next();
};
