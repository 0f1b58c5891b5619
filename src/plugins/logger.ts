import type { Tenant } from "../request/tenant.ts";
import type { Level, LogEntry } from "../request/types.ts";
import type { FilterOptions, IsolatePlugin } from "./plugin.ts";

const SEVERITY: readonly Level[] = ["log", "info", "warn", "error", "exception"];

/** Most characters of a name that code has chosen. */
const MAX_NAME = 200;

/**
 * Creates a filter: it accepts the first `maxEntries` entries of at least `minLevel`, and all
 * exceptions.
 */
function sieve({ minLevel = "log", maxEntries = Number.POSITIVE_INFINITY }: FilterOptions) {
  const least = SEVERITY.indexOf(minLevel);
  let kept = 0;
  return ({ level }: LogEntry): boolean => {
    if (level === "exception") return true;
    if (SEVERITY.indexOf(level) < least) return false;
    kept += 1;
    return kept <= maxEntries;
  };
}

function filter(logs: readonly LogEntry[], limits: FilterOptions = {}): LogEntry[] {
  return logs.filter(sieve(limits));
}

/** Returns the name of the exception that was logged last. */
function exceptionOf(logs: readonly LogEntry[] = []): string | undefined {
  return logs.findLast(({ level }) => level === "exception")?.name?.slice(0, MAX_NAME);
}

/**
 * Limits logs by the configuration and the tenant, with the filter that the last plugin offers as
 * `onLogger`. Counts the dropped entries, and writes the audit record of each execution.
 */
export const LoggerPlugin: IsolatePlugin = {
  name: "logger",
  setup(api) {
    const { audit, logger } = api.config;
    const limitsOf = ({ logEntries = logger.maxEntries }: Tenant) => ({
      ...logger,
      maxEntries: Math.min(logEntries, logger.maxEntries),
    });
    api.onLogger.tap(() => ({ filter }));
    api.onLoad.tap((context) => {
      const { observer, tenant } = context;
      if (observer === undefined) return;
      const { minLevel, maxEntries } = limitsOf(tenant);
      const keep = sieve({ maxEntries });
      const leftOf = (entry: LogEntry): LogEntry[] => {
        try {
          return api.onLogger.call().filter([entry], { minLevel });
        } catch {
          // The answer fails by the same filter, and reading the sandbox must go on.
          return [];
        }
      };
      const onLog = (entry: LogEntry): void => {
        for (const left of leftOf(entry)) if (keep(left)) observer.onLog?.(left);
      };
      return { ...context, observer: { ...observer, onLog } };
    });
    api.onFormat.tap((output, { request, permissions, tenant, account }) => {
      if (audit) {
        const { id, lockHash: lock } = account;
        const { duration, outcome } = output;
        const code = outcome === "ok" ? undefined : exceptionOf(output.logs);
        const record = {
          ...{ tools: request.tools, permissions, duration },
          ...{ id, tenant: tenant.id, outcome, code },
          ...(lock && { lock }),
        };
        console.log(`[Audit] ${JSON.stringify(record)}`);
      }
      if (output.logs === undefined) return output;
      const { logs: all, ...rest } = output;
      const logs = api.onLogger.call().filter(all, limitsOf(tenant));
      const dropped = (output.logsDropped ?? 0) + Math.max(0, all.length - logs.length);
      return {
        ...rest,
        ...(logs.length > 0 && { logs }),
        ...(dropped > 0 && { logsDropped: dropped }),
      };
    });
  },
};
