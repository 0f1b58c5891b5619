import { createServices, type Services, type ServicesOptions } from "../../server/services.ts";
import type { ExecutionRow } from "../../server/store/contract/executions.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { NO_LIMITS } from "../../server/tenants/limits.ts";
import { config } from "../../src/config/config.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { SOLE_TENANT } from "../../src/request/tenant.ts";

/** What touches it fails: for tests that are not about what is stored. */
function untouched<T extends object>(name: string): T {
  const fail = (): never => {
    throw new Error(`This test has no store, and asked it for ${name}`);
  };
  return new Proxy({}, { get: fail }) as T;
}

export interface StorelessServices extends Services {
  /** What would have been written down. */
  readonly rows: ExecutionRow[];
}

/** Services that only take executions down; everything else of the store is out of bounds. */
export function storelessServices(kernel: Kernel): StorelessServices {
  const rows: ExecutionRow[] = [];
  const record = async (added: readonly ExecutionRow[]): Promise<void> => {
    rows.push(...added);
  };
  const store = {
    ...untouchedParts,
    executions: { record },
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
  idempotency: untouched("idempotency"),
};

/** Services of a server for its only tenant. */
export function servicesOver(
  store: Store,
  kernel: Kernel,
  options: Partial<ServicesOptions> = {},
): Services {
  return createServices({
    kernel,
    store,
    config: config(),
    secretKey: new Uint8Array(32).fill(1),
    callerOf: async () => ({ tenant: SOLE_TENANT, limits: NO_LIMITS }),
    lease: 30_000,
    retention: 30,
    onError: () => {},
    ...options,
  });
}
