import type { Registry } from "prom-client";
import { z } from "zod";
import { type Route, route } from "../http/route.ts";

/** Makes the route of the metrics. It is for the operator; without an operator it is open. */
export function metricsRoutes(registry: Registry, open: boolean): Route[] {
  return [
    route({
      method: "GET",
      path: "/metrics",
      scope: open ? "none" : "admin",
      summary: "What a Prometheus server collects",
      operationId: "getMetrics",
      tags: ["Health"],
      responses: {
        200: { description: "Metrics as text", type: "text/plain", schema: z.string() },
      },
      async handler() {
        const headers = { "Content-Type": registry.contentType };
        return new Response(await registry.metrics(), { headers });
      },
    }),
  ];
}
