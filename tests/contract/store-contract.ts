import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../server/store/contract/store.ts";
import { auditCases } from "./store-audit.ts";
import { clusterCases } from "./store-cluster.ts";
import { executionsCases } from "./store-executions.ts";
import { functionsCases } from "./store-functions.ts";
import { hostsCases } from "./store-hosts.ts";
import { idempotencyCases } from "./store-idempotency.ts";
import { jobsCases } from "./store-jobs.ts";
import { keysCases } from "./store-keys.ts";
import { leasesCases } from "./store-leases.ts";
import { logsCases } from "./store-logs.ts";
import { packagesCases } from "./store-packages.ts";
import { resourcesCases } from "./store-resources.ts";
import { schedulesCases } from "./store-schedules.ts";
import { secretsCases } from "./store-secrets.ts";
import { storageCases } from "./store-storage.ts";
import { tenantsCases } from "./store-tenants.ts";
import { typesCases } from "./store-types.ts";
import { usageCases } from "./store-usage.ts";

/** Tests every store. All tests share one store, so they use unique names. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`store contract: ${name}`, () => {
    let opened: Store;
    const store = (): Store => opened;

    beforeAll(async () => {
      opened = await open();
    }, 120_000);

    afterAll(() => opened?.close());

    it("answers a ping", async () => {
      await expect(opened.ping()).resolves.toBeUndefined();
    });

    tenantsCases(store);
    keysCases(store);
    auditCases(store);
    functionsCases(store);
    executionsCases(store);
    usageCases(store);
    logsCases(store);
    jobsCases(store);
    idempotencyCases(store);
    resourcesCases(store);
    typesCases(store);
    packagesCases(store);
    schedulesCases(store);
    hostsCases(store);
    secretsCases(store);
    storageCases(store);
    leasesCases(store);
    clusterCases(store);
  });
}
