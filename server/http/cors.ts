import type { MiddlewareHandler } from "hono";
import type { Cors } from "../../src/contract/cors.ts";
import { addAnswerHeaders } from "./answer-headers.ts";
import type { ApiEnv, HeaderPairs } from "./route.ts";

/** Rules, and the headers of answers that pages may read. */
export interface CorsRules extends Cors {
  readonly exposed?: readonly string[] | undefined;
}

/** Methods that a page may use if the rules name none. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/** Names of headers that a page asks for. Others are not repeated in the answer. */
const ASKED = /^[\w!#$%&'*+.^`|~, -]{1,2000}$/;
/** Seconds for which browsers keep what the API allows. */
const API_AGE = 600;
const EXPOSED = [
  ...["ETag", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After"],
  ...["X-Execution-Id", "X-Request-Id"],
];

/** Tests whether pages of an origin may call. */
export function allowsOrigin({ origins }: Pick<Cors, "origins">, origin: string): boolean {
  return origins.includes("*") || origins.includes(origin);
}

/** Returns the headers by which a browser lets the page of a request read the answer. */
export function corsHeaders(rules: CorsRules, { headers }: Request): HeaderPairs {
  const { origins, credentials, exposed } = rules;
  const origin = headers.get("origin");
  const isForAll = origins.includes("*");
  const vary: HeaderPairs = isForAll ? [] : [["vary", "Origin"]];
  if (origin === null || !allowsOrigin(rules, origin)) return vary;
  return [
    ["access-control-allow-origin", isForAll ? "*" : origin],
    ...(credentials ? [["access-control-allow-credentials", "true"] as const] : []),
    ...(exposed ? [["access-control-expose-headers", exposed.join(", ")] as const] : []),
    ...vary,
  ];
}

/**
 * Answers the question of a browser whether a page may send a request. `undefined` for any other
 * request.
 */
export function preflightAnswer(rules: CorsRules, request: Request): Response | undefined {
  const { method, headers: sent } = request;
  const origin = sent.get("origin");
  if (method !== "OPTIONS" || origin === null || !sent.has("access-control-request-method")) {
    return undefined;
  }
  const { exposed: _exposed, ...asked } = rules;
  const headers = new Headers(corsHeaders(asked, request).map(([name, value]) => [name, value]));
  if (allowsOrigin(rules, origin)) {
    const wanted = sent.get("access-control-request-headers");
    const names = rules.headers?.join(", ") ?? (wanted !== null && ASKED.test(wanted) && wanted);
    headers.set("access-control-allow-methods", (rules.methods ?? METHODS).join(", "));
    if (names) headers.set("access-control-allow-headers", names);
    if (rules.maxAge !== undefined) headers.set("access-control-max-age", `${rules.maxAge}`);
  }
  if (rules.headers === undefined) headers.append("vary", "Access-Control-Request-Headers");
  return new Response(null, { status: 204, headers });
}

/** Lets pages of these origins call the API, without cookies. Functions have rules of their own. */
export function apiCors(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const rules: CorsRules = { origins: [...origins], maxAge: API_AGE, exposed: EXPOSED };
  return async function letPagesCall(c, next) {
    if (c.req.path.startsWith("/f/")) return next();
    const answer = preflightAnswer(rules, c.req.raw);
    if (answer !== undefined) return answer;
    addAnswerHeaders(c, corsHeaders(rules, c.req.raw));
    await next();
  };
}
