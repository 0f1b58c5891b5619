import { z } from "zod";
import { type Route, route } from "../api/route.ts";
import type { Quotas } from "../quotas/quotas.ts";
import { shownSettings } from "../tenants/settings.ts";

const ownTenant = shownSettings.partial().extend({
  id: z.string(),
  used: z.object({
    executions: z.int(),
    cpu: z.int().meta({ description: "Milliseconds" }),
    resetsAt: z.iso.datetime(),
  }),
});

/** `GET /tenant`: what the caller's tenant may, and what it has used today. */
export function ownTenantRoutes(quotas: Quotas): Route[] {
  return [
    route({
      method: "GET",
      path: "/tenant",
      scope: "tenant",
      summary: "Your own limits, and what you have used today",
      tags: ["Tenant"],
      responses: {
        200: { description: "A limit that is absent is the server's own", schema: ownTenant },
      },
      handler: async ({ caller, c }) => {
        const { id, ceiling, tools, sandbox, reuse, env, database } = caller.tenant;
        const { maxTimeout, maxMemory, maxSize, maxLogEntries } = caller.tenant;
        const { concurrency, queue, ...limits } = caller.limits;
        return c.json({
          id,
          ceiling,
          tools,
          sandbox,
          reuse,
          timeout: maxTimeout,
          memory: maxMemory,
          codeBytes: maxSize,
          logEntries: maxLogEntries,
          ...(Number.isFinite(concurrency) && { concurrency, queue }),
          ...limits,
          ...(env && { env: Object.keys(env).sort() }),
          ...(database !== undefined && { database: database !== null }),
          used: await quotas.today(caller),
        });
      },
    }),
  ];
}
