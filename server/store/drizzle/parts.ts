import { drizzleAudit } from "./audit.ts";
import { drizzleChannels } from "./channels.ts";
import type { Database, Transact } from "./database.ts";
import { drizzleExecutions } from "./executions.ts";
import { drizzleFunctions } from "./functions.ts";
import { drizzleHealth } from "./health.ts";
import { drizzleHosts } from "./hosts.ts";
import { drizzleIdempotency } from "./idempotency.ts";
import { drizzleJobs } from "./jobs.ts";
import { drizzleKeys } from "./keys.ts";
import { drizzleLeases } from "./leases.ts";
import { drizzleLogs } from "./logs.ts";
import { drizzleNodes } from "./nodes.ts";
import { drizzlePackageSets } from "./package-sets.ts";
import { drizzleResources } from "./resources.ts";
import { drizzleSchedules } from "./schedules.ts";
import { drizzleSecrets } from "./secrets.ts";
import { drizzleStorage } from "./storage.ts";
import type { StoreParts } from "./store-parts.ts";
import { drizzleTenants } from "./tenants.ts";
import { drizzleTypes } from "./types.ts";
import { drizzleUsageDetails } from "./usage-details.ts";

/** Makes the parts. `limit` is the most bytes of a tenant without its own limit. */
export function drizzleParts(db: Database, transact: Transact, limit: number): StoreParts {
  return {
    tenants: drizzleTenants(db),
    keys: drizzleKeys(db),
    audit: drizzleAudit(db),
    functions: drizzleFunctions(db, limit),
    health: drizzleHealth(transact),
    executions: drizzleExecutions(db),
    usage: drizzleUsageDetails(db),
    logs: drizzleLogs(db),
    jobs: drizzleJobs(db, limit),
    idempotency: drizzleIdempotency(db, limit),
    resources: drizzleResources(db, limit),
    types: drizzleTypes(db, limit),
    packageSets: drizzlePackageSets(db, limit),
    schedules: drizzleSchedules(db, limit),
    hosts: drizzleHosts(db, limit),
    secrets: drizzleSecrets(db, limit),
    storage: drizzleStorage(db, limit),
    leases: drizzleLeases(db),
    channels: drizzleChannels(db),
    nodes: drizzleNodes(db),
  };
}
