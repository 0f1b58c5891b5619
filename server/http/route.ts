import type { Context } from "hono";
import type { ZodObject, ZodType } from "zod";
import type { ErrorShape } from "../errors/error-shape.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Need } from "../tenants/key-scopes.ts";
import type { Hosted } from "./hosted-name.ts";
import type { Counting } from "./unread/unread-responses.ts";

/** Names and values of headers. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** Values that the application's middleware sets for handlers. */
export interface ApiEnv {
  Variables: {
    /** Id of the request, also in `X-Request-Id` and in errors. */
    requestId: string;
    /** Id of the tenant, once it is known. */
    tenant?: string;
    /** Caller whose refusals are counted, once it is known. */
    caller?: Caller;
    /** Caller that has been identified by its key, whose limits the answer tells. */
    identified?: Caller;
    /** Host name of functions that the request is for. */
    hosted?: Hosted;
    /** Headers for an answer without a connection. */
    answerHeaders?: HeaderPairs;
    /** True once the connection has become a WebSocket, whose status no `Response` can have. */
    isUpgraded?: boolean;
    /** Declared path of the route, once it is found. */
    route?: string;
    /** Code of the error that was answered. */
    code?: string;
    /** Id of an execution that is answered later. */
    execution?: string;
  };
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "ALL";

/**
 * Key that a route requires. `none` is for public answers, and for handlers that decide by
 * `identify()`.
 */
export type Scope = "none" | "tenant" | "admin";

/** A request that its route has checked. */
export interface RouteInput<P, Q, H, B, S extends Scope> {
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  readonly caller: S extends "tenant" ? Caller : undefined;
  /**
   * Identifies the caller by its key. From then on, refusals count for that caller. For routes of
   * scope `none`.
   *
   * @throws {HttpProblem} 401 or 403, or 429 after too many refusals.
   */
  identify(): Promise<Caller>;
  /** Aborted when the client hangs up. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Counts the body's bytes as in memory until `promise` settles. */
  hold(promise: Promise<unknown>): void;
  /**
   * Sets the function that counts the answer's bytes that wait for the client, besides those in its
   * connection.
   */
  onWaiting(waiting: () => number): void;
  /**
   * Makes room for an answer before it is built. For large answers, and for those of unknown size.
   *
   * @throws {HttpProblem} 429 if too many bytes of earlier answers are unread.
   */
  reserve(bytes: number): void;
  /**
   * Counts the answer for a tenant, with or without its key. For routes of scope `none` that find
   * the tenant themselves.
   *
   * @throws {HttpProblem} 429 without room for `bytes`.
   */
  countFor(tenant: string, isAnonymous: boolean, bytes: number): Pick<Counting, "onWaiting">;
  /**
   * Tells that the change is made, and adds to its record what only the handler knows. It is recorded
   * then, whatever fails later. For routes with `audit`.
   */
  audited(more: Partial<AuditedChange>): void;
  readonly c: Context<ApiEnv>;
}

/** A change by a request, for the log of administrative changes. */
export interface AuditedChange {
  /** Kind of the change, such as `tenant.update`. */
  readonly action: string;
  /** Id of the tenant whose it is. Default: the caller's. */
  readonly tenant?: string | undefined;
  /** Name or id of the changed object. */
  readonly target: string;
  /** Further facts, such as names of changed settings. Never values that may be secret. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

/** A response, for the contract. */
export interface RouteResponse {
  readonly description: string;
  /** Schema of the body. Default: no body. */
  readonly schema?: ZodType;
  /** Media type of the body. Default `application/json`. */
  readonly type?: string;
  /** Schema of the same answer as a stream of events. Default: it never is one. */
  readonly events?: ZodType;
}

/** A body for the contract, which the docs page sends as it is. */
export interface BodyExample {
  readonly summary: string;
  readonly value: unknown;
}

export interface RouteSpec<P, Q, H, B, S extends Scope> {
  /** HTTP method. `GET` answers `HEAD`, too. */
  readonly method: Method;
  /**
   * Path with `{name}` for parameters. At its end, `/*` matches the rest as the parameter `path`.
   */
  readonly path: string;
  readonly scope: S;
  /**
   * Scope that a tenant's key needs, or several of which it needs one. Default for `GET`: `read`.
   * Other routes of scope `tenant` have to state it.
   */
  readonly needs?: Need | readonly Need[];
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** Name in generated clients. Default: derived from the method and the path. */
  readonly operationId?: string;
  /** Bodies by name, for the contract. A route with a body has at least one. */
  readonly examples?: Readonly<Record<string, BodyExample>>;
  /** Schemas of objects of texts. A repeated query parameter is an array. */
  readonly params?: ZodObject & ZodType<P>;
  readonly query?: ZodObject & ZodType<Q>;
  /** Header names in lower case. */
  readonly headers?: ZodObject & ZodType<H>;
  /** JSON body, read and checked as a whole. Without it, the handler reads the body. */
  readonly body?: ZodType<B>;
  /** Schema of the body in the contract. Default: `body`. */
  readonly contractBody?: ZodType;
  /** True if a part of the body is secret, so that no error may cite it. Default false. */
  readonly hidesBody?: boolean;
  /** True if a request without any body stands for an empty object. Default false. */
  readonly needsNoBody?: boolean;
  /** Media type and shape of a body that the handler reads, for the contract. */
  readonly reads?: { readonly type: string; readonly schema: ZodType };
  /** Responses by status. Errors may be left out. */
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** Codes of errors that are the route's own, by status. */
  readonly problems?: Readonly<Record<number, readonly string[]>>;
  /** True if the handler calls `countFor`. Until then, the answer counts for no tenant. */
  readonly countsLater?: boolean;
  /** Form of errors. Default: `Problem`. */
  readonly errors?: ErrorShape;
  /** Makes the record of an administrative change, after a successful answer. Default: none. */
  audit?(input: Pick<RouteInput<P, Q, H, B, S>, "params" | "query" | "body">): AuditedChange;
  handler(input: RouteInput<P, Q, H, B, S>): Response | Promise<Response>;
}

/** A route of any types. */
export type Route = RouteSpec<unknown, unknown, unknown, unknown, Scope>;

/** Declares a route. Serving, checks and the contract are all derived from the declaration. */
export function route<S extends Scope, P = undefined, Q = undefined, H = undefined, B = undefined>(
  spec: RouteSpec<P, Q, H, B, S>,
): Route {
  return spec as unknown as Route;
}

/**
 * Returns the scopes of which a tenant's key needs one.
 *
 * @throws {Error} If the route does not state them.
 */
export function needsOf({ scope, needs, method, path }: Route): readonly Need[] {
  if (scope !== "tenant") return [];
  if (typeof needs === "object") return needs;
  if (needs === undefined && method !== "GET") throw new Error(`${method} ${path} needs no scope`);
  return [needs ?? "read"];
}

/**
 * Checks that a route which changes what is administered records it.
 *
 * @throws {Error} If it does not.
 */
export function assertAudited(route: Route): void {
  const { scope, method, path, audit } = route;
  if (scope === "none" || method === "GET" || audit !== undefined) return;
  const isAdministrative = scope === "admin" || needsOf(route).includes("manage");
  if (isAdministrative) throw new Error(`${method} ${path} records no change`);
}
