import { z } from "zod";
import { inTurn } from "../http/in-turn.ts";
import { type Route, route } from "../http/route.ts";
import type { Quotas } from "../quotas/quotas.ts";
import { STORED_KINDS, type StorageCounts } from "../store/contract/storage.ts";
import { shownSettings } from "../tenants/tenant-settings.ts";

const stored = z.object({ bytes: z.int(), count: z.int() });

const ownTenant = shownSettings.partial().extend({
  id: z.string(),
  used: z.object({
    executions: z.int(),
    cpu: z.int().meta({ description: "Milliseconds" }),
    resetsAt: z.iso.datetime(),
    storage: z
      .object({ bytes: z.int(), limit: z.int(), kinds: z.record(z.enum(STORED_KINDS), stored) })
      .meta({ description: "`bytes` are those of all kinds but `executions`" }),
  }),
});

/** `GET /tenant`: limits, today's use and storage of the caller's tenant. */
export function ownTenantRoutes(quotas: Quotas, storage: StorageCounts): Route[] {
  return [
    inTurn(
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
          const { maxTimeout, maxMemory, maxSize, logEntries } = caller.tenant;
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
            logEntries,
            ...(Number.isFinite(concurrency) && { concurrency, queue }),
            ...limits,
            ...(env && { env: Object.keys(env).sort() }),
            ...(database !== undefined && { database: database !== null }),
            used: {
              ...(await quotas.today(caller)),
              storage: await storage.used(id, limits.storage),
            },
          });
        },
      }),
    ),
  ];
}
