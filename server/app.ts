import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { auditLog } from "./audit/audit-log.ts";
import { HttpProblem } from "./errors/problem.ts";
import { HostDirectory } from "./functions/hosts/host-directory.ts";
import { ServerNames } from "./functions/hosts/server-names.ts";
import { finishHeaders } from "./http/answer-headers.ts";
import { type Bodies, bodies } from "./http/body/bodies.ts";
import type { PaceLimits } from "./http/body/pace.ts";
import { headBounds } from "./http/connections/head-bounds.ts";
import { apiCors } from "./http/cors.ts";
import { hostCheck } from "./http/host-check.ts";
import { hostedRequests } from "./http/hosted.ts";
import { limitHeaders } from "./http/limit-headers.ts";
import { failed, handlerOf, mount } from "./http/mount.ts";
import { nearRoutes } from "./http/near-routes.ts";
import type { ApiEnv, HeaderPairs, Route } from "./http/route.ts";
import { tracedRequest } from "./http/tracing.ts";
import { UnreadResponses } from "./http/unread/unread-responses.ts";
import type { Answered } from "./log/answered.ts";
import { Refusals } from "./quotas/refusals.ts";
import type { ResourceService } from "./resources/resource-service.ts";
import { adminHostRoutes } from "./routes/admin/hosts.ts";
import { tenancyRoutes } from "./routes/admin/routes.ts";
import { batchRoutes } from "./routes/batch.ts";
import { callRoutes } from "./routes/calls.ts";
import { consoleRoutes } from "./routes/console.ts";
import { contractRoutes } from "./routes/contract.ts";
import { docsRoutes } from "./routes/docs.ts";
import { executeRoutes } from "./routes/execute.ts";
import { executionsRoutes } from "./routes/executions.ts";
import { functionRoutes } from "./routes/functions.ts";
import { healthRoutes } from "./routes/health.ts";
import { hostRoutes, servedHostRoutes } from "./routes/hosts.ts";
import {
  type HttpFunctionsOptions,
  hostedRoute,
  httpFunctionRoutes,
} from "./routes/http-functions.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { logsRoutes } from "./routes/logs.ts";
import { mcpRoutes } from "./routes/mcp.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { packageRoutes, sharedPackageRoutes } from "./routes/packages.ts";
import { pistonRoutes } from "./routes/piston.ts";
import { planRoutes } from "./routes/plan.ts";
import { registryRoutes } from "./routes/resourcex/routes.ts";
import { wellKnownRoutes } from "./routes/resourcex/well-known.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { adminUsageRoutes, usageRoutes } from "./routes/usage.ts";
import type { Services } from "./services.ts";
import type { Tenancy } from "./tenancy.ts";
import { type Auth, type Caller, OpenAuth } from "./tenants/auth.ts";

export interface FunctionHosts {
  /** Names of this server, besides that of its public URL. */
  readonly own?: readonly string[] | undefined;
  /** Name below which each name is one function's. */
  readonly suffix?: string | undefined;
}

export interface AppOptions {
  readonly services: Services;
  /** Most bytes of a request's body. */
  readonly maxBody: number;
  /** Least speed of bodies. */
  readonly pace?: PaceLimits | undefined;
  /** Receives the server's own failures, with the request id that callers got. */
  readonly onError: (error: unknown, requestId: string) => void;
  /** Returns true once the server is about to stop and wants no more requests. Default: never. */
  readonly leaving?: (() => boolean) | undefined;
  /** Receives each request after its answer. */
  readonly onAnswer?: ((answered: Answered) => void) | undefined;
  /** Tenants and their keys. Default: a single tenant without a key, and no operator. */
  readonly tenancy?: Tenancy | undefined;
  /** Host names that are served, besides those of loopback. Absent: every name. */
  readonly hosts?: readonly string[] | undefined;
  /** Host names and rules for those of functions. Default: none. */
  readonly functionHosts?: FunctionHosts | undefined;
  /** Origins of pages that may use the API, or `*`. Default: none. */
  readonly cors?: readonly string[] | undefined;
  /** Registry of resources. Without it, its routes do not exist. */
  readonly resourceService?: ResourceService | undefined;
  /** Public URL of this server. Default: the one of each request. */
  readonly publicUrl?: string | undefined;
  /** Most bytes of an HTTP function's response. Default 16 MB. */
  readonly httpBytes?: number | undefined;
  /** Most bytes of answers that wait for their clients. Default 256 MiB. */
  readonly maxUnread?: number | undefined;
}

/** Builds the HTTP application, without a port, an environment or signals. */
export function buildApp(options: AppOptions): Hono<ApiEnv> {
  const { tenancy, maxBody, onError, onAnswer, hosts } = options;
  const auth = tenancy?.auth ?? new OpenAuth();
  const { requestRuns } = options.services;
  const app = new Hono<ApiEnv>();
  app.use(async function requestId(c, next) {
    const id = randomUUID();
    c.set("requestId", id);
    const started = performance.now();
    requestRuns.begin(id);
    // Set on the connection: a finished `Response` with one more header is made anew. Its body is a
    // stream then, which takes as long as all the rest of the answer.
    const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
    outgoing?.setHeader("X-Request-Id", id);
    await next();
    const run = requestRuns.end(id);
    if (outgoing === undefined) {
      c.header("X-Request-Id", id);
      finishHeaders(c);
    }
    const { tenant, route, isUpgraded, code, execution } = c.var;
    const status = isUpgraded ? 101 : c.res.status;
    const answered = {
      requestId: id,
      tenant,
      method: c.req.method,
      route,
      status,
      code,
      ...(run.execution === undefined && { execution }),
      ...run,
      ms: performance.now() - started,
    };
    options.services.metrics.onAnswer(answered);
    onAnswer?.(answered);
  });
  app.use(tracedRequest);
  app.use(headBounds);
  const { withBody, withBytes } = bodies(maxBody, options.pace);
  const unread = new UnreadResponses(options.maxUnread);
  const refusals = tenancy?.refusals ?? new Refusals();
  const limitsLeft = async (caller: Caller): Promise<HeaderPairs> =>
    tenancy === undefined ? [] : limitHeaders(await tenancy.quotas.left(caller));
  const record = auditLog(options.services.store.audit, onError);
  const common = { auth, withBody, onError, unread, refusals, limitsLeft };
  const serving = { ...common, record, origins: options.cors };
  const made = madeOf(options, auth, withBytes);
  const hosted = handlerOf(hostedRoute(made.httpFunctions), { ...serving, routes: [] });
  // Nothing of the API is behind it for host names of functions.
  app.use(hostedRequests((header, path) => made.hosts.find(header, path), hosted));
  if (hosts !== undefined) app.use(hostCheck(hosts));
  if (options.cors?.length) app.use(apiCors(options.cors));
  const routes = routesOf(options, auth, made);
  mount(app, { ...serving, routes });
  app.notFound((c) => {
    const { path } = c.req;
    const message = `There is no ${path.slice(0, 100)}${nearRoutes(path, routes)}`;
    return failed(new HttpProblem(404, "NotFound", "NOT_FOUND", message), c, onError);
  });
  app.onError((error, c) => failed(error, c, onError));
  return app;
}

/** Parts that both the routes and the host names of functions use. */
interface Made {
  readonly hosts: HostDirectory;
  readonly httpFunctions: HttpFunctionsOptions;
}

function madeOf(options: AppOptions, auth: Auth, withBytes: Bodies["withBytes"]): Made {
  const { services, publicUrl, httpBytes: maxBytes, functionHosts, cors: origins } = options;
  const { runs, functions, store } = services;
  const { own: hosts = options.hosts, suffix } = functionHosts ?? {};
  const isSole = auth.open;
  const names = new ServerNames({ publicUrl, hosts, suffix, isSole });
  return {
    hosts: new HostDirectory({ store, names, isSole }),
    httpFunctions: { runs, functions, auth, withBytes, publicUrl, maxBytes, origins },
  };
}

/** Lists all routes. */
function routesOf(options: AppOptions, auth: Auth, { hosts, httpFunctions }: Made): Route[] {
  const { services, resourceService, publicUrl, tenancy, leaving, onError } = options;
  const { kernel, runs, replyModes, jobs, secretKey, store, functions, health } = services;
  const { executionWriter, metrics, packageSets, nodes } = services;
  const logsParts = { ...services, logs: store.logs, executions: store.executions };
  const routes = [
    ...executeRoutes(replyModes),
    ...batchRoutes({ runs, replyModes, onError }),
    ...executionsRoutes({ executions: store.executions, executionWriter }),
    ...usageRoutes({ usage: store.usage, storage: store.storage, executionWriter }),
    ...logsRoutes(logsParts),
    ...callRoutes(services.openCalls),
    ...sessionRoutes({ sessions: services.sessions, onError }),
    ...jobRoutes(jobs, secretKey),
    ...functionRoutes(functions, replyModes),
    ...scheduleRoutes(services.schedules),
    ...httpFunctionRoutes(httpFunctions),
    ...hostRoutes(hosts),
    ...servedHostRoutes({ hosts, functions, auth }),
    ...packageRoutes(packageSets, kernel.packages),
    ...pistonRoutes(runs),
    ...mcpRoutes({ ...logsParts, version: nodes.version, onError }),
    ...planRoutes(kernel, resourceService),
    ...healthRoutes(kernel, { health, store, version: nodes.version, terse: !auth.open, leaving }),
    ...metricsRoutes(metrics.registry, auth.open),
    ...(tenancy === undefined
      ? []
      : [
          ...tenancyRoutes(tenancy, services),
          ...adminHostRoutes(hosts),
          ...adminUsageRoutes({ usage: store.usage, executionWriter }),
          ...sharedPackageRoutes(packageSets, kernel.packages),
          ...secretRoutes(tenancy.secrets),
        ]),
    ...(resourceService === undefined
      ? []
      : [...wellKnownRoutes(publicUrl), ...registryRoutes(resourceService, options.pace)]),
  ];
  return [...routes, ...docsRoutes(), ...consoleRoutes(), ...contractRoutes(routes)];
}
