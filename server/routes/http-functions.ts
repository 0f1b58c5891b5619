import { z } from "zod";
import type { Auth, Caller } from "../api/auth.ts";
import { type Route, route } from "../api/route.ts";
import { type FunctionCatalogue, noSuchFunction } from "../functions/catalogue.ts";
import { isCrossSite } from "../functions/http/cross-site.ts";
import { type ServeOptions, serveCall } from "../functions/http/serve.ts";
import { functionName } from "../functions/schemas.ts";
import type { Callable } from "../functions/version-cache.ts";
import { HttpProblem } from "../problem.ts";
import { tenantId } from "../tenants/settings.ts";

/** What a `Request` can have. */
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const DEFAULT_MAX_BYTES = 16_777_216;

const params = z.object({ tenant: tenantId, name: functionName, path: z.string() });

export interface HttpFunctionsOptions extends Omit<ServeOptions, "maxBytes"> {
  readonly functions: FunctionCatalogue;
  readonly auth: Auth;
  readonly maxBytes: number | undefined;
}

/** `/f/{tenant}/{name}/…`: functions that answer requests by themselves. */
export function httpFunctionRoutes(options: HttpFunctionsOptions): Route[] {
  const { functions, auth, maxBytes = DEFAULT_MAX_BYTES } = options;
  return [
    route({
      method: "ALL",
      path: "/f/{tenant}/{name}/*",
      scope: "none",
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
        const owner = await auth.caller(tenant);
        const found = owner && (await functions.callable(owner.tenant, name));
        const version = found?.kind === "http" ? found : undefined;
        const caller = version?.public ? owner : await ownCaller(identify, tenant);
        if (version === undefined || caller === undefined) return noSuchFunction(name);
        if (auth.open && !version.public && isCrossSite(raw)) throw crossSite(version);
        input.c.set("tenant", tenant);
        const passesKey = auth.open || (version.public && !(await isKeyOfOurs(auth, raw)));
        return serveCall({ caller, version, input, passesKey }, { ...options, maxBytes });
      },
    }),
  ];
}

/** Whoever has another tenant's key learns nothing of this one. */
async function ownCaller(
  identify: () => Promise<Caller>,
  tenant: string,
): Promise<Caller | undefined> {
  const caller = await identify();
  return caller.tenant.id === tenant ? caller : undefined;
}

/** Whether `Authorization` holds what opens this server: nothing that code may see, whosever it is. */
async function isKeyOfOurs(auth: Auth, request: Request): Promise<boolean> {
  const given = request.headers.get("authorization");
  if (given === null) return false;
  // One that was revoked may be somebody's by mistake.
  if (/^Bearer +isolate_/i.test(given)) return true;
  return auth.admin(request).then(
    () => true,
    () => false,
  );
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
