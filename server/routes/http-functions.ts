import { z } from "zod";
import { functionName } from "../../src/contract/functions.ts";
import { tenantId } from "../../src/contract/tenants.ts";
import { HttpProblem } from "../errors/problem.ts";
import { QuotaExceeded } from "../errors/quota-error.ts";
import { type FunctionCatalogue, noSuchFunction } from "../functions/catalogue.ts";
import { MAX_WAITING } from "../functions/http/response-stream.ts";
import { type ServeOptions, serveCall } from "../functions/http/serve.ts";
import { corsOf } from "../functions/kept-request.ts";
import type { Callable } from "../functions/version-cache.ts";
import { addAnswerHeaders } from "../http/answer-headers.ts";
import { corsHeaders, preflightAnswer } from "../http/cors.ts";
import { isCrossSite } from "../http/cross-site.ts";
import type { Hosted } from "../http/hosted-name.ts";
import { type Route, type RouteInput, route } from "../http/route.ts";
import type { Auth, Caller } from "../tenants/auth.ts";
import { assertScope } from "../tenants/key-scopes.ts";
import { TenantSuspended } from "../tenants/suspended.ts";

/** Methods that a `Request` can have. */
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const DEFAULT_MAX_BYTES = 16_777_216;

const params = z.object({ tenant: tenantId, name: functionName, path: z.string() });

export interface HttpFunctionsOptions extends Omit<ServeOptions, "maxBytes"> {
  readonly functions: FunctionCatalogue;
  readonly auth: Auth;
  /** Origins of pages that may call what is not public, on a server without keys. Default: none. */
  readonly origins?: readonly string[] | undefined;
  readonly maxBytes: number | undefined;
}

/** Function that a request is for. */
interface Called {
  readonly tenant: string;
  readonly name: string;
  readonly hosted?: Hosted | undefined;
}

type Input = Omit<RouteInput<unknown, unknown, unknown, unknown, "none">, "params">;

const responses = {
  200: { description: "Whatever it answers", type: "*/*" },
  502: { description: "It failed before it answered" },
  504: { description: "It took too long to answer" },
};

/** `/f/{tenant}/{name}/…`: functions that answer HTTP requests themselves. */
export function httpFunctionRoutes(options: HttpFunctionsOptions): Route[] {
  return [
    route({
      method: "ALL",
      path: "/f/{tenant}/{name}/*",
      scope: "none",
      countsLater: true,
      summary: "Have an HTTP function answer",
      operationId: "callHttpFunction",
      description:
        "Without a key if it was deployed as `public`; with its own tenant's otherwise, of scope execute or invoke:{name}.",
      tags: ["Functions"],
      params,
      responses,
      handler: ({ params: { tenant, name }, ...input }) =>
        answerBy({ tenant, name }, input, options),
    }),
  ];
}

/** Makes the route of all requests for host names of functions. It is in no contract: it has every path. */
export function hostedRoute(options: HttpFunctionsOptions): Route {
  return route({
    method: "ALL",
    path: "/*",
    scope: "none",
    countsLater: true,
    summary: "Have the function of a host name answer",
    tags: ["Functions"],
    responses,
    handler: (input) => {
      const { hosted } = input.c.var;
      const name = hosted?.function ?? new URL(input.c.req.url).pathname.split("/")[1] ?? "";
      if (hosted?.tenant === undefined) throw nothingServed(hosted);
      if (!functionName.safeParse(name).success) throw nothingServed(hosted);
      return answerBy({ tenant: hosted.tenant, name, hosted }, input, options);
    },
  });
}

async function answerBy(
  { tenant, name, hosted }: Called,
  { identify, ...input }: Input,
  options: HttpFunctionsOptions,
): Promise<Response> {
  const { functions, auth, maxBytes = DEFAULT_MAX_BYTES, origins } = options;
  const { raw } = input.c.req;
  if (!METHODS.includes(raw.method)) throw methodNotAllowed();
  if (auth.holdsKey(raw.url)) throw keyInUrl();
  const owner = await auth.caller(tenant);
  const found = owner && (await functions.callable(owner.tenant, name));
  const version = found?.kind === "http" ? found : undefined;
  const cors = version && corsOf(version);
  if (cors !== undefined) {
    // A browser asks without a key.
    const preflight = preflightAnswer(cors, raw);
    if (preflight !== undefined) return preflight;
    // Refusals are to be read by the page, too.
    addAnswerHeaders(input.c, corsHeaders(cors, raw));
  }
  const admitted = async (owner: Caller | undefined): Promise<Caller> => {
    const caller = version?.public ? owner : await ownCaller(identify, tenant, name);
    if (caller === undefined) return noSuchFunction(name);
    // Visitors have no need to know why.
    if (version !== undefined && caller.suspended !== undefined) throw new TenantSuspended();
    return caller;
  };
  const caller = await admitted(owner);
  if (version === undefined) return found ? takesValue(found) : noSuchFunction(name);
  const allowed = [...(origins ?? []), ...(cors?.origins ?? [])];
  if (auth.open && !version.public && isCrossSite(raw, allowed)) throw crossSite(version);
  const isAnonymous = version.public && !(await isOwn(auth, identify, raw, { tenant, name }));
  input.c.set("tenant", tenant);
  const { onWaiting } = input.countFor(tenant, isAnonymous, MAX_WAITING);
  const call = {
    caller,
    again: async () => admitted(await auth.caller(tenant)),
    version,
    input: { ...input, onWaiting },
    passesKey: auth.open || version.public,
    isAnonymous,
    hosted,
  };
  return serveCall(call, { ...options, maxBytes });
}

/**
 * Identifies a caller of this tenant. A key of another tenant gives `undefined` and no information.
 *
 * @throws {HttpProblem} 403 if its key may not call the function.
 */
async function ownCaller(
  identify: () => Promise<Caller>,
  tenant: string,
  name: string,
): Promise<Caller | undefined> {
  const caller = await identify();
  if (caller.tenant.id !== tenant) return undefined;
  assertScope(caller, ["execute", "invoke"], name);
  return caller;
}

/** Tells whether a request to a public function brings a key of its tenant that may call it. */
async function isOwn(
  auth: Auth,
  identify: () => Promise<Caller>,
  { headers }: Request,
  { tenant, name }: { readonly tenant: string; readonly name: string },
): Promise<boolean> {
  const given = headers.get("authorization");
  if (given === null || !auth.holdsKey(given)) return false;
  return ownCaller(identify, tenant, name).then(
    (caller) => caller !== undefined,
    (error: unknown) => {
      if (error instanceof QuotaExceeded) throw error;
      return false;
    },
  );
}

function nothingServed(hosted: Hosted | undefined): HttpProblem {
  const message =
    hosted?.tenant === undefined
      ? "No function is served by this name"
      : "No function is served here: the first part of the path is its name";
  return new HttpProblem(404, "NotFound", "FUNCTION_NOT_FOUND", message);
}

function takesValue({ name }: Callable): never {
  const message = `"${name}" takes a value: POST /functions/${name}/invoke calls it; deploy it with {"kind":"http"} to have it answer requests`;
  throw new HttpProblem(404, "NotFound", "FUNCTION_NOT_FOUND", message);
}

function keyInUrl(): HttpProblem {
  const message =
    "The URL holds a key of this server's: send it as Authorization, and revoke this one";
  return new HttpProblem(400, "BadRequest", "KEY_IN_URL", message);
}

function methodNotAllowed(): HttpProblem {
  return new HttpProblem(
    405,
    "MethodNotAllowed",
    "METHOD_NOT_ALLOWED",
    `Use ${METHODS.join(", ")}`,
    {
      headers: { Allow: METHODS.join(", ") },
    },
  );
}

function crossSite({ name }: Callable): HttpProblem {
  const message = `Another site's page may not call "${name}", which is not public`;
  return new HttpProblem(403, "Forbidden", "CROSS_SITE", message);
}
