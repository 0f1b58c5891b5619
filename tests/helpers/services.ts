import { randomUUID } from "node:crypto";
import { createServices, type Services, type ServicesOptions } from "../../server/services.ts";
import type { ExecutionRow } from "../../server/store/contract/executions.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { LocalNotices } from "../../server/store/notices/local-notices.ts";
import { NO_LIMITS } from "../../server/tenants/limits.ts";
import { config } from "../../src/config/config.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { SOLE_TENANT } from "../../src/request/tenant.ts";

/** Makes an object that fails at every use, for tests that are not about the store. */
export function untouched<T extends object>(name: string): T {
  const fail = (): never => {
    throw new Error(`This test has no store, and asked it for ${name}`);
  };
  return new Proxy({}, { get: fail }) as T;
}

export interface StorelessServices extends Services {
  /** Rows that would have been stored. */
  readonly rows: ExecutionRow[];
}

/** Makes services that only record executions. Every other use of the store fails. */
export function storelessServices(kernel: Kernel): StorelessServices {
  const rows: ExecutionRow[] = [];
  const record = async (added: readonly ExecutionRow[]): Promise<void> => {
    rows.push(...added);
  };
  const store = {
    ...untouchedParts,
    executions: { record },
    hosts: { served: async () => undefined },
    notices: new LocalNotices(),
    isShared: false,
    condition: async () => ({ reserved: false }),
    ping: async () => {},
  } as unknown as Store;
  return { ...servicesOver(store, kernel), rows };
}

const untouchedParts = {
  tenants: untouched("tenants"),
  keys: untouched("keys"),
  functions: untouched("functions"),
  jobs: untouched("jobs"),
  schedules: untouched("schedules"),
  idempotency: untouched("idempotency"),
};

/** Makes services of a server for its only tenant. */
export function servicesOver(
  store: Store,
  kernel: Kernel,
  options: Partial<ServicesOptions> = {},
): Services {
  return createServices({
    kernel,
    store,
    config: config(),
    nodeId: randomUUID(),
    secretKey: new Uint8Array(32).fill(1),
    callerOf: async () => ({ tenant: SOLE_TENANT, limits: NO_LIMITS }),
    lease: 30_000,
    retention: 30,
    onError: () => {},
    ...options,
  });
}
