import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import type { Kernel } from "../src/kernel.ts";
import { bodies } from "./bodies.ts";
import { hostCheck } from "./host-check.ts";
import { HttpProblem, problemResponse } from "./problem.ts";
import type { Hub } from "./registry/hub.ts";
import { executeRoute } from "./routes/execute.ts";
import { healthRoute, readyRoute } from "./routes/health.ts";
import { planRoute } from "./routes/plan.ts";
import { REGISTRY_BASE, registryRoutes } from "./routes/resourcex/routes.ts";
import { wellKnownRoute } from "./routes/resourcex/well-known.ts";

export interface AppOptions {
  readonly kernel: Kernel;
  /** Bytes of a request body. */
  readonly maxBody: number;
  /** Told of our own failures, with the id their callers were given. */
  readonly onError: (error: unknown, requestId: string) => void;
  /** Names it answers to beside loopback's; every name if absent. */
  readonly hosts?: readonly string[] | undefined;
  /** The registry of resources; without one, its routes are not there. */
  readonly hub?: Hub | undefined;
  /** URL this server is known by. Default: as each request has it. */
  readonly publicUrl?: string | undefined;
}

const METHODS: Readonly<Record<string, string>> = {
  "/execute": "POST",
  "/plan": "POST",
  "/healthz": "GET",
  "/readyz": "GET",
};

/** The HTTP application: no port, no environment, no signals. */
export function buildApp(options: AppOptions): Hono {
  const { kernel, maxBody, onError, hosts, hub, publicUrl } = options;
  const app = new Hono();
  if (hosts !== undefined) app.use(hostCheck(hosts));
  const withBody = bodies(maxBody);
  app.post("/execute", executeRoute(kernel, withBody));
  app.post("/plan", planRoute(kernel, withBody));
  app.get("/healthz", healthRoute());
  app.get("/readyz", readyRoute(kernel));
  if (hub !== undefined) {
    app.get("/.well-known/resourcex", wellKnownRoute(publicUrl));
    app.route(REGISTRY_BASE, registryRoutes({ hub, withBody, onError }));
  }
  app.notFound((c) => {
    const allowed = METHODS[c.req.path];
    const problem =
      allowed === undefined
        ? new HttpProblem(404, "NotFound", "NOT_FOUND", `There is no ${c.req.path}`)
        : new HttpProblem(405, "MethodNotAllowed", "METHOD_NOT_ALLOWED", `Use ${allowed}`);
    const response = problemResponse(problem, randomUUID());
    if (allowed !== undefined) response.headers.set("Allow", allowed);
    return response;
  });
  app.onError((error) => {
    const requestId = randomUUID();
    const response = problemResponse(error, requestId);
    if (response.status >= 500) onError(error, requestId);
    return response;
  });
  return app;
}
