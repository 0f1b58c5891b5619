import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import type { Kernel } from "../src/kernel.ts";
import { HttpProblem, problemResponse } from "./problem.ts";
import { executeRoute } from "./routes/execute.ts";
import { healthRoute, readyRoute } from "./routes/health.ts";

export interface AppOptions {
  readonly kernel: Kernel;
  /** Bytes of a request body. */
  readonly maxBody: number;
  /** Told of our own failures, with the id their callers were given. */
  readonly onError: (error: unknown, requestId: string) => void;
}

const METHODS: Readonly<Record<string, string>> = {
  "/execute": "POST",
  "/healthz": "GET",
  "/readyz": "GET",
};

/** The HTTP application: no port, no environment, no signals. */
export function buildApp({ kernel, maxBody, onError }: AppOptions): Hono {
  const app = new Hono();
  app.post("/execute", executeRoute(kernel, maxBody));
  app.get("/healthz", healthRoute());
  app.get("/readyz", readyRoute(kernel));
  app.notFound((c) => {
    const allowed = METHODS[c.req.path];
    const problem =
      allowed === undefined
        ? new HttpProblem(404, "NotFound", "NOT_FOUND", `There is no ${c.req.path}`)
        : new HttpProblem(405, "MethodNotAllowed", "METHOD_NOT_ALLOWED", `Use ${allowed}`);
    return problemResponse(problem, randomUUID());
  });
  app.onError((error) => {
    const requestId = randomUUID();
    const response = problemResponse(error, requestId);
    if (response.status >= 500) onError(error, requestId);
    return response;
  });
  return app;
}
