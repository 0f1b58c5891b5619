import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import { Aborted, BadRequest, IsolateError, UnsupportedMediaType } from "../../src/base/errors.ts";
import { type ErrorShape, PROBLEMS } from "../errors/error-shape.ts";
import { HttpProblem } from "../errors/problem.ts";
import { Refusals } from "../quotas/refusals.ts";
import type { Auth, Caller } from "../tenants/auth.ts";
import { assertScope } from "../tenants/key-scopes.ts";
import { addAnswerHeaders } from "./answer-headers.ts";
import type { Bodies } from "./body/bodies.ts";
import { type BodySource, bodyOf } from "./body/source.ts";
import { checked } from "./checked.ts";
import { isCrossSite } from "./cross-site.ts";
import {
  type ApiEnv,
  type AuditedChange,
  assertAudited,
  type HeaderPairs,
  needsOf,
  type Route,
  type RouteInput,
  type Scope,
} from "./route.ts";
import type { Counting, ResponseOwner, UnreadResponses } from "./unread/unread-responses.ts";

const MAX_PARAMETERS = 100;
/**
 * Bytes that must have room before code runs: a large result. Otherwise it would run for an answer
 * that is refused.
 */
const LIKELY_ANSWER = 4_194_304;
/** Counter for refusals before their tenant is known: counts nothing. */
const NOT_COUNTED: Counting = { onWaiting: () => {}, reserve: () => {} };

export interface MountOptions {
  readonly routes: readonly Route[];
  readonly auth: Auth;
  readonly withBody: Bodies["withBody"];
  readonly unread: UnreadResponses;
  /** Counter of refused requests. Default: one of this server. */
  readonly refusals?: Refusals | undefined;
  /** Tells in headers what a caller's limits leave. Default: nothing. */
  readonly limitsLeft?: ((caller: Caller) => Promise<HeaderPairs>) | undefined;
  /** Origins of other sites' pages that may send requests without a body. Default: none. */
  readonly origins?: readonly string[] | undefined;
  /** Receives the server's own failures, with the request id that callers got. */
  readonly onError: (error: unknown, requestId: string) => void;
  /** Records administrative changes. Default: none is recorded. */
  readonly record?: RecordChange | undefined;
}

/** Records a change by a caller; `undefined` for the operator. */
export type RecordChange = (
  change: AuditedChange,
  by: { readonly caller: Caller | undefined; readonly requestId: string },
) => Promise<void>;

type AnyInput = RouteInput<unknown, unknown, unknown, unknown, Scope>;

/** Serves routes. Answers 405 to other methods on their paths. */
export function mount(app: Hono<ApiEnv>, options: MountOptions): void {
  const { routes, onError } = options;
  const refusals = options.refusals ?? new Refusals();
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    needsOf(route);
    assertAudited(route);
    const path = honoPath(route.path);
    paths.set(path, [...(paths.get(path) ?? []), route]);
    const handle = handlerOf(route, { ...options, refusals });
    if (route.method === "ALL") app.all(path, handle);
    else app.on(route.method, path, handle);
  }
  for (const [path, served] of paths) {
    const allowed = served.map(({ method }) => method);
    const problem = new HttpProblem(
      405,
      "MethodNotAllowed",
      "METHOD_NOT_ALLOWED",
      `Use ${allowed.join(" or ")}`,
      { headers: { Allow: allowed.join(", ") } },
    );
    app.all(path, (c) => failed(problem, c, onError, served[0]?.errors));
  }
}

/** Makes the function that answers the requests of one route. */
export function handlerOf(
  route: Route,
  options: MountOptions & { readonly refusals: Refusals },
): (c: Context<ApiEnv>) => Promise<Response> {
  const { onError, refusals, limitsLeft } = options;
  return async function handle(c) {
    const response = await serve(route, c, options).catch(async (thrown: unknown) => {
      const error = route.hidesBody ? withoutCitation(thrown) : thrown;
      const response = failed(error, c, onError, route.errors);
      const { caller } = c.var;
      if (caller !== undefined) await refusals.count(caller, response.status, error);
      return response;
    });
    const { identified } = c.var;
    if (identified?.limits.rate !== undefined || identified?.limits.budget !== undefined) {
      addAnswerHeaders(c, (await limitsLeft?.(identified)) ?? []);
    }
    return response;
  };
}

/** Removes the text that the parser of JSON cites in its errors. */
function withoutCitation(error: unknown): unknown {
  const isCited = error instanceof BadRequest && error.field === "";
  return isCited && error.message.includes("JSON")
    ? new BadRequest("", "The body is not valid JSON")
    : error;
}

/** Returns the code of a thrown error; that of an answer to nobody is none. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof IsolateError || error instanceof HttpProblem) return error.code;
  return error instanceof Aborted ? undefined : "INTERNAL";
}

/** Makes the answer to any thrown error. Passes the server's own failures to `onError`. */
export function failed(
  error: unknown,
  c: Context<ApiEnv>,
  onError: MountOptions["onError"],
  { respond }: ErrorShape = PROBLEMS,
): Response {
  const requestId = c.get("requestId");
  const response = respond(error, requestId);
  c.set("code", codeOf(error));
  if (response.status >= 500) onError(error, requestId);
  return response;
}

async function serve(
  route: Route,
  c: Context<ApiEnv>,
  { auth, withBody, unread, refusals, origins, record }: MountOptions & { refusals: Refusals },
): Promise<Response> {
  const { raw } = c.req;
  c.set("route", route.path);
  const identify = async (): Promise<Caller> => {
    const caller = await auth.tenant(raw);
    c.set("tenant", caller.tenant.id);
    c.set("identified", caller);
    return caller;
  };
  const admitted = async (): Promise<Caller> => {
    const caller = await identify();
    assertScope(caller, needsOf(route), c.req.param("name"));
    return caller;
  };
  const caller = route.scope === "tenant" ? await admitted() : undefined;
  if (route.scope === "admin") await auth.admin(raw);
  const bindings = (c.env ?? {}) as Partial<HttpBindings>;
  const owner = responseOwner(route, caller, bindings);
  // Requests without a key are checked for large answers only: the others report the server's
  // health.
  if (!owner.isAnonymous) unread.check(owner, route.body === undefined ? 0 : LIKELY_ANSWER);
  if (caller !== undefined && (route.body ?? route.reads) !== undefined) {
    c.set("caller", caller);
    await refusals.check(caller);
  }
  const head = {
    params: checked(route.params, paramsOf(route, c)),
    query: checked(route.query, route.query && queryOf(c)),
    headers: checked(route.headers, route.headers && Object.fromEntries(raw.headers)),
    caller: caller as AnyInput["caller"],
    identify: async () => {
      const known = await identify();
      await refusals.check(known);
      c.set("caller", known);
      return known;
    },
    signal: raw.signal,
    requestId: c.get("requestId"),
    hold: () => {},
    ...(route.countsLater ? NOT_COUNTED : unread.begin(owner, bindings)),
    countFor: (tenant: string, isAnonymous: boolean, bytes: number) => {
      const address = isAnonymous ? addressOf(bindings) : undefined;
      const counting = unread.begin({ name: tenant, isAnonymous, address }, bindings);
      counting.reserve(bytes);
      return counting;
    },
    audited: () => {},
    c,
  };
  const { body } = route;
  if (body !== undefined && route.needsNoBody && hasNoBody(bodyOf(c))) {
    // A page of another site can send no JSON without asking, but it can send nothing.
    if (isCrossSite(raw, origins))
      throw new UnsupportedMediaType("Send Content-Type: application/json");
    return answer(route, { ...head, body: checked(body, {}) }, record);
  }
  if (body === undefined) {
    const response = await answer(route, { ...head, body: undefined }, record);
    // Concurrent requests may have used up the room. A refused read loses nothing.
    if (!owner.isAnonymous && raw.method === "GET") unread.check(owner);
    return response;
  }
  return withBody(
    bodyOf(c),
    async (given, hold) => {
      // The key may have been revoked while a slow body arrived.
      if (caller !== undefined) await admitted();
      return answer(route, { ...head, hold, body: checked(body, given) }, record);
    },
    { caller },
  );
}

/**
 * Answers a request. A change is recorded before its answer, so that a client that has the answer
 * finds the record. One that a handler has told of is recorded whatever fails after it.
 */
async function answer(
  route: Route,
  input: AnyInput,
  record: RecordChange | undefined,
): Promise<Response> {
  if (route.audit === undefined || record === undefined) return route.handler(input);
  let found: Partial<AuditedChange> | undefined;
  const audited = (more: Partial<AuditedChange>): void => {
    found = { ...found, ...more, detail: { ...found?.detail, ...more.detail } };
  };
  const change = route.audit(input);
  const { caller, requestId } = input;
  const write = (): Promise<void> =>
    record(
      { ...change, ...found, detail: { ...change.detail, ...found?.detail } },
      { caller, requestId },
    );
  let response: Response;
  try {
    response = await route.handler({ ...input, audited });
  } catch (error) {
    if (found !== undefined) await write();
    throw error;
  }
  if (response.status < 400) await write();
  return response;
}

/** Tells whether a request has no byte of a body. Its media type then says nothing. */
function hasNoBody({ request, connection }: BodySource): boolean {
  // Asked only without a connection: asking begins to read, and takes the bytes from other readers.
  if (connection?.incoming === undefined) return request.body === null;
  const { headers } = request;
  return !headers.has("transfer-encoding") && Number(headers.get("content-length") ?? 0) === 0;
}

/** Returns the owner of a counted answer. */
function responseOwner(
  { scope }: Route,
  caller: Caller | undefined,
  bindings: Partial<HttpBindings>,
): ResponseOwner {
  if (scope === "none") return { name: addressOf(bindings), isAnonymous: true };
  // No tenant has the operator's name, which is empty.
  return { name: caller?.tenant.id ?? "", isAnonymous: false };
}

function addressOf({ incoming }: Partial<HttpBindings>): string {
  return incoming?.socket.remoteAddress ?? "";
}

function paramsOf({ path }: Route, c: Context): Record<string, string> {
  if (!path.endsWith("/*")) return c.req.param();
  const above = path.split("/").length - 1;
  return { ...c.req.param(), path: c.req.path.split("/").slice(above).join("/") };
}

function queryOf(c: Context): Record<string, string | string[]> {
  const { search } = new URL(c.req.url);
  if (search.split("&", MAX_PARAMETERS + 1).length > MAX_PARAMETERS) {
    throw new BadRequest("", `The query has more than ${MAX_PARAMETERS} parameters`);
  }
  const query: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    query[name] = values.length === 1 ? (values[0] as string) : values;
  }
  return query;
}

function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}
