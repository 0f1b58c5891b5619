import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { HttpProblem } from "./errors/problem.ts";
import { type Bodies, bodies } from "./http/body/bodies.ts";
import type { PaceLimits } from "./http/body/pace.ts";
import { headBounds } from "./http/connections/head-bounds.ts";
import { hostCheck } from "./http/host-check.ts";
import { failed, mount } from "./http/mount.ts";
import { nearRoutes } from "./http/near-routes.ts";
import type { ApiEnv, Route } from "./http/route.ts";
import { tracedRequest } from "./http/tracing.ts";
import { UnreadResponses } from "./http/unread/unread-responses.ts";
import type { Answered } from "./log/answered.ts";
import type { ResourceService } from "./resources/resource-service.ts";
import { tenancyRoutes } from "./routes/admin/routes.ts";
import { batchRoutes } from "./routes/batch.ts";
import { contractRoutes } from "./routes/contract.ts";
import { docsRoutes } from "./routes/docs.ts";
import { executeRoutes } from "./routes/execute.ts";
import { executionsRoutes } from "./routes/executions.ts";
import { functionRoutes } from "./routes/functions.ts";
import { healthRoutes } from "./routes/health.ts";
import { httpFunctionRoutes } from "./routes/http-functions.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { logsRoutes } from "./routes/logs.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { packageRoutes, sharedPackageRoutes } from "./routes/packages.ts";
import { pistonRoutes } from "./routes/piston.ts";
import { planRoutes } from "./routes/plan.ts";
import { registryRoutes } from "./routes/resourcex/routes.ts";
import { wellKnownRoutes } from "./routes/resourcex/well-known.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import type { Services } from "./services.ts";
import type { Tenancy } from "./tenancy.ts";
import { type Auth, OpenAuth } from "./tenants/auth.ts";

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
  const app = new Hono<ApiEnv>();
  app.use(async function requestId(c, next) {
    const id = randomUUID();
    c.set("requestId", id);
    const started = performance.now();
    // Set on the connection: a finished `Response` with one more header is made anew. Its body is a
    // stream then, which takes as long as all the rest of the answer.
    const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
    outgoing?.setHeader("X-Request-Id", id);
    await next();
    if (outgoing === undefined) c.header("X-Request-Id", id);
    const { tenant, route, isUpgraded } = c.var;
    const status = isUpgraded ? 101 : c.res.status;
    const answered = {
      requestId: id,
      tenant,
      method: c.req.method,
      route,
      status,
      ms: performance.now() - started,
    };
    options.services.metrics.onAnswer(answered);
    onAnswer?.(answered);
  });
  app.use(tracedRequest);
  app.use(headBounds);
  if (hosts !== undefined) app.use(hostCheck(hosts));
  const { withBody, withBytes } = bodies(maxBody, options.pace);
  const routes = routesOf(options, auth, withBytes);
  const unread = new UnreadResponses(options.maxUnread);
  mount(app, { routes, auth, withBody, onError, unread, refusals: tenancy?.refusals });
  app.notFound((c) => {
    const { path } = c.req;
    const message = `There is no ${path.slice(0, 100)}${nearRoutes(path, routes)}`;
    return failed(new HttpProblem(404, "NotFound", "NOT_FOUND", message), c, onError);
  });
  app.onError((error, c) => failed(error, c, onError));
  return app;
}

/** Lists all routes. */
function routesOf(options: AppOptions, auth: Auth, withBytes: Bodies["withBytes"]): Route[] {
  const { services, resourceService, publicUrl, httpBytes, tenancy, leaving, onError } = options;
  const { kernel, runs, replyModes, jobs, secretKey, store, functions, health } = services;
  const { executionWriter, metrics, packageSets, nodes } = services;
  const routes = [
    ...executeRoutes(replyModes),
    ...batchRoutes({ runs, replyModes, onError }),
    ...executionsRoutes({ executions: store.executions, executionWriter }),
    ...logsRoutes({ ...services, logs: store.logs, executions: store.executions }),
    ...jobRoutes(jobs, secretKey),
    ...functionRoutes(functions, replyModes),
    ...scheduleRoutes(services.schedules),
    ...httpFunctionRoutes({ runs, functions, auth, withBytes, publicUrl, maxBytes: httpBytes }),
    ...packageRoutes(packageSets, kernel.packages),
    ...pistonRoutes(runs),
    ...planRoutes(kernel, resourceService),
    ...healthRoutes(kernel, { health, store, version: nodes.version, terse: !auth.open, leaving }),
    ...metricsRoutes(metrics.registry, auth.open),
    ...(tenancy === undefined
      ? []
      : [
          ...tenancyRoutes(tenancy, store.storage, nodes),
          ...sharedPackageRoutes(packageSets, kernel.packages),
        ]),
    ...(resourceService === undefined
      ? []
      : [...wellKnownRoutes(publicUrl), ...registryRoutes(resourceService, options.pace)]),
  ];
  return [...routes, ...docsRoutes(), ...contractRoutes(routes)];
}
