import { z } from "zod";
import { functionName } from "../../src/contract/functions.ts";
import { tenantId } from "../../src/contract/tenants.ts";
import { HttpProblem } from "../errors/problem.ts";
import { QuotaExceeded } from "../errors/quota-error.ts";
import { type FunctionCatalogue, noSuchFunction } from "../functions/catalogue.ts";
import { MAX_WAITING } from "../functions/http/response-stream.ts";
import { type ServeOptions, serveCall } from "../functions/http/serve.ts";
import type { Callable } from "../functions/version-cache.ts";
import { isCrossSite } from "../http/cross-site.ts";
import { type Route, route } from "../http/route.ts";
import type { Auth, Caller } from "../tenants/auth.ts";

/** Methods that a `Request` can have. */
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const DEFAULT_MAX_BYTES = 16_777_216;

const params = z.object({ tenant: tenantId, name: functionName, path: z.string() });

export interface HttpFunctionsOptions extends Omit<ServeOptions, "maxBytes"> {
  readonly functions: FunctionCatalogue;
  readonly auth: Auth;
  readonly maxBytes: number | undefined;
}

/** `/f/{tenant}/{name}/…`: functions that answer HTTP requests themselves. */
export function httpFunctionRoutes(options: HttpFunctionsOptions): Route[] {
  const { functions, auth, maxBytes = DEFAULT_MAX_BYTES } = options;
  return [
    route({
      method: "ALL",
      path: "/f/{tenant}/{name}/*",
      scope: "none",
      countsLater: true,
      summary: "Have an HTTP function answer",
      description: "Without a key if it was deployed as `public`; with its own tenant's otherwise.",
      tags: ["Functions"],
      params,
      responses: {
        200: { description: "Whatever it answers", type: "*/*" },
        502: { description: "It failed before it answered" },
        504: { description: "It took too long to answer" },
      },
      handler: async ({ params: { tenant, name }, identify, ...input }) => {
        const { raw } = input.c.req;
        if (!METHODS.includes(raw.method)) throw methodNotAllowed();
        if (auth.holdsKey(raw.url)) throw keyInUrl();
        const owner = await auth.caller(tenant);
        const found = owner && (await functions.callable(owner.tenant, name));
        const version = found?.kind === "http" ? found : undefined;
        const caller = version?.public ? owner : await ownCaller(identify, tenant);
        if (caller === undefined) return noSuchFunction(name);
        if (version === undefined) return found ? takesValue(found) : noSuchFunction(name);
        if (auth.open && !version.public && isCrossSite(raw)) throw crossSite(version);
        const isAnonymous = version.public && !(await isOwn(auth, identify, raw, tenant));
        input.c.set("tenant", tenant);
        const { onWaiting } = input.countFor(tenant, isAnonymous, MAX_WAITING);
        const call = {
          caller,
          version,
          input: { ...input, onWaiting },
          passesKey: auth.open || version.public,
          isAnonymous,
        };
        return serveCall(call, { ...options, maxBytes });
      },
    }),
  ];
}

/**
 * Identifies a caller of this tenant. A key of another tenant gives `undefined` and no information.
 */
async function ownCaller(
  identify: () => Promise<Caller>,
  tenant: string,
): Promise<Caller | undefined> {
  const caller = await identify();
  return caller.tenant.id === tenant ? caller : undefined;
}

/** Tells whether a request to a public function brings a key of its tenant. */
async function isOwn(
  auth: Auth,
  identify: () => Promise<Caller>,
  { headers }: Request,
  tenant: string,
): Promise<boolean> {
  const given = headers.get("authorization");
  if (given === null || !auth.holdsKey(given)) return false;
  return ownCaller(identify, tenant).then(
    (caller) => caller !== undefined,
    (error: unknown) => {
      if (error instanceof QuotaExceeded) throw error;
      return false;
    },
  );
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
