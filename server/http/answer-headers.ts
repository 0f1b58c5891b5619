import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { ApiEnv, HeaderPairs } from "./route.ts";

/**
 * Adds headers to a request's answer, whoever makes it. They are set on the connection, because a
 * finished `Response` with one more header is made anew. Its body is a stream then, which takes as
 * long as all the rest of the answer. Headers of the answer itself count before them.
 */
export function addAnswerHeaders(c: Context<ApiEnv>, headers: HeaderPairs): void {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  if (outgoing === undefined) {
    c.set("answerHeaders", [...(c.get("answerHeaders") ?? []), ...headers]);
  } else if (!outgoing.headersSent) {
    for (const [name, value] of headers) outgoing.setHeader(name, value);
  }
}

/** Adds these headers to a finished answer without a connection. */
export function finishHeaders(c: Context<ApiEnv>): void {
  for (const [name, value] of c.get("answerHeaders") ?? []) {
    if (!c.res.headers.has(name)) c.header(name, value);
  }
}
