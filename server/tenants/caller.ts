import type { TenantLevel } from "../../src/contract/tenants.ts";
import type { TenantRow } from "../store/contract/tenants.ts";
import type { Caller } from "./auth.ts";
import type { SecretSettings, ShownSettings } from "./secret-settings.ts";

/** Builds the `Caller` for a tenant. The operator's variables and database are not passed on. */
export function callerOf(
  { id, createdAt, suspendedAt, suspendedReason }: TenantRow,
  settings: ShownSettings,
  secrets: SecretSettings,
  levels: readonly TenantLevel[],
): Caller {
  const {
    ceiling,
    tools,
    sandbox = levels,
    reuse,
    timeout,
    memory,
    codeBytes,
    bundleBytes,
    logEntries,
    egressRequests,
    fileBytes,
    artifactBytes,
    packages,
  } = settings;
  const { concurrency, queue, sessions, rate, budget, bodyBytes, retention, storage } = settings;
  const { keepLogs, logStorage } = settings;
  return {
    tenant: {
      id,
      since: createdAt.getTime(),
      ceiling,
      tools,
      sandbox,
      reuse,
      maxTimeout: timeout,
      maxMemory: memory,
      maxSize: codeBytes,
      maxBundleSize: bundleBytes,
      logEntries,
      egressRequests,
      maxFileBytes: fileBytes,
      maxArtifactBytes: artifactBytes,
      packages,
      env: secrets.env,
      database: secrets.database,
    },
    limits: {
      concurrency,
      queue,
      sessions,
      rate,
      budget,
      bodyBytes,
      retention,
      storage,
      keepLogs,
      logStorage,
    },
    ...(suspendedAt !== null && { suspended: { reason: suspendedReason } }),
  };
}
