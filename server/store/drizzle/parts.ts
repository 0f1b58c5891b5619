import type { Store } from "../store.ts";
import type { Database, Transact } from "./database.ts";
import { drizzleExecutions } from "./executions.ts";
import { drizzleFunctions } from "./functions.ts";
import { drizzleHealth, type Health } from "./health.ts";
import { drizzleIdempotency } from "./idempotency.ts";
import { drizzleJobs } from "./jobs.ts";
import { drizzleKeys } from "./keys.ts";
import { drizzleResources } from "./resources.ts";
import { drizzleTenants } from "./tenants.ts";
import { drizzleTypes } from "./types.ts";

/** What is in a store, whichever way its database is reached. */
export type StoreParts = Omit<Store, "ping" | "close"> & { readonly health: Health };

export function drizzleParts(db: Database, transact: Transact): StoreParts {
  return {
    tenants: drizzleTenants(db),
    keys: drizzleKeys(db),
    functions: drizzleFunctions(db),
    health: drizzleHealth(transact),
    executions: drizzleExecutions(db),
    jobs: drizzleJobs(db, transact),
    idempotency: drizzleIdempotency(db),
    resources: drizzleResources(db),
    types: drizzleTypes(db),
  };
}
