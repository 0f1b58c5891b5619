import type { Context } from "hono";
import type { ZodObject, ZodType } from "zod";
import type { ErrorShape } from "../errors/error-shape.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Counting } from "./unread/unread-responses.ts";

/** What the application's middleware leaves for those behind it. */
export interface ApiEnv {
  Variables: {
    /** Also in the answer's `X-Request-Id`, and in its error if it is one. */
    requestId: string;
    /** Id of the tenant, once it is known. */
    tenant?: string;
    /** Whose refusals count, once it is known. */
    caller?: Caller;
    /** Path of the route as it was declared, once one is found. */
    route?: string;
  };
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "ALL";

/**
 * Whose key a route asks for. `none` is for what says nothing about anybody, and for handlers that
 * decide by themselves, with `identify()`.
 */
export type Scope = "none" | "tenant" | "admin";

/** A request, checked to be what its route says. */
export interface RouteInput<P, Q, H, B, S extends Scope> {
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  readonly caller: S extends "tenant" ? Caller : undefined;
  /**
   * Whose key the request brings, and whose refusals then count; for routes of scope `none`. Rejects with
   * 401 or 403, and with 429 for those that were refused too often.
   */
  identify(): Promise<Caller>;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Counts the body's bytes among those in memory until `promise` settles, too. */
  hold(promise: Promise<unknown>): void;
  /** Tells how many bytes of the answer wait for the caller to read, beside those its connection has. */
  onWaiting(waiting: () => number): void;
  /**
   * Makes room for an answer of that many bytes, before it is built. Throws with 429 if too much of
   * earlier ones is unread. For answers that are large, and those whose size their makers do not know.
   */
  reserve(bytes: number): void;
  /**
   * Counts the answer as that of a tenant, to a caller with its key or without one; for routes that find out by
   * themselves. Throws with 429 if there is no room for `bytes`.
   */
  countFor(tenant: string, isAnonymous: boolean, bytes: number): Pick<Counting, "onWaiting">;
  readonly c: Context<ApiEnv>;
}

/** An answer, for the contract. */
export interface RouteResponse {
  readonly description: string;
  /** Default: no body. */
  readonly schema?: ZodType;
  /** Media type of the body. Default `application/json`. */
  readonly type?: string;
}

export interface RouteSpec<P, Q, H, B, S extends Scope> {
  /** `GET` answers to `HEAD`, too. */
  readonly method: Method;
  /** With `{name}` for parameters; may end in `/*` for whatever follows: the parameter `path`. */
  readonly path: string;
  readonly scope: S;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** Objects of texts; a query's parameter that is there twice is an array of them. */
  readonly params?: ZodObject & ZodType<P>;
  readonly query?: ZodObject & ZodType<Q>;
  /** By names in lower case. */
  readonly headers?: ZodObject & ZodType<H>;
  /** A JSON body, read whole and checked. Without it, the body is left to the handler. */
  readonly body?: ZodType<B>;
  /** Media type and shape of a body that the handler reads by itself; for the contract. */
  readonly reads?: { readonly type: string; readonly schema: ZodType };
  /** By status; errors need not be among them. */
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** Whether its handler says by `countFor` whose its answer is; until then, it is nobody's. */
  readonly countsLater?: boolean;
  /** How errors are answered. Default: as `Problem`. */
  readonly errors?: ErrorShape;
  handler(input: RouteInput<P, Q, H, B, S>): Response | Promise<Response>;
}

/** A route of whatever types. */
export type Route = RouteSpec<unknown, unknown, unknown, unknown, Scope>;

/** Declares a route: what is served, checked and put into the contract comes from this alone. */
export function route<S extends Scope, P = undefined, Q = undefined, H = undefined, B = undefined>(
  spec: RouteSpec<P, Q, H, B, S>,
): Route {
  return spec as unknown as Route;
}
