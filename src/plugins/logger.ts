import type { Level, LogEntry } from "../types.ts";
import type { IsolatePlugin } from "./plugin.ts";

const SEVERITY: readonly Level[] = ["log", "info", "warn", "error", "exception"];

/**
 * Keeps the entries of at least `minLevel`, and of those the first `maxEntries`; exceptions stay
 * whatever the number.
 */
function filter(
  logs: readonly LogEntry[],
  {
    minLevel = "log",
    maxEntries = Number.POSITIVE_INFINITY,
  }: {
    minLevel?: Level;
    maxEntries?: number;
  } = {},
): LogEntry[] {
  const least = SEVERITY.indexOf(minLevel);
  let kept = 0;
  return logs.filter(({ level }) => {
    if (level === "exception") return true;
    if (SEVERITY.indexOf(level) < least) return false;
    kept += 1;
    return kept <= maxEntries;
  });
}

/** Cuts logs as configured, counts what went, and writes the audit record of each execution. */
export const LoggerPlugin: IsolatePlugin = {
  name: "logger",
  setup(api) {
    const { audit, logger } = api.config;
    api.onLogger.tap(() => ({ filter }));
    api.onFormat.tap((output, { request, permissions }) => {
      if (audit) {
        const record = { tools: request.tools, permissions, duration: output.duration };
        console.log(`[Audit] ${JSON.stringify(record)}`);
      }
      if (output.logs === undefined) return output;
      const { logs: all, ...rest } = output;
      const logs = filter(all, logger);
      const dropped = (output.logsDropped ?? 0) + all.length - logs.length;
      return {
        ...rest,
        ...(logs.length > 0 && { logs }),
        ...(dropped > 0 && { logsDropped: dropped }),
      };
    });
  },
};
