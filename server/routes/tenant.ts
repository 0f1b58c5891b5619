import { ownTenant } from "../../src/contract/tenants.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { type Route, route } from "../http/route.ts";
import type { Quotas } from "../quotas/quotas.ts";
import type { StorageCounts } from "../store/contract/storage.ts";

/** `GET /tenant`: limits, today's use and storage of the caller's tenant. */
export function ownTenantRoutes(quotas: Quotas, storage: StorageCounts): Route[] {
  return [
    inTurn(
      route({
        method: "GET",
        path: "/tenant",
        scope: "tenant",
        needs: "read",
        summary: "Your own limits, and what you have used today",
        operationId: "getOwnTenant",
        tags: ["Tenant"],
        responses: {
          200: { description: "A limit that is absent is the server's own", schema: ownTenant },
        },
        handler: async ({ caller, c }) => {
          const { id, ceiling, tools, sandbox, reuse, env, database } = caller.tenant;
          const { maxTimeout, maxMemory, maxSize, maxBundleSize, logEntries, egressRequests } =
            caller.tenant;
          const { packages, maxFileBytes, maxArtifactBytes } = caller.tenant;
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
            bundleBytes: maxBundleSize,
            logEntries,
            egressRequests,
            fileBytes: maxFileBytes,
            artifactBytes: maxArtifactBytes,
            packages,
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
