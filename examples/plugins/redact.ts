import type { IsolatePlugin, LogEntry } from "isolate/types";

/** Takes a text out of every log entry, also of those that are streamed: another filter in `onLogger`. */
export function redact(secret: string | undefined): IsolatePlugin {
  return {
    name: "redact",
    required: ["logger"],
    setup(api) {
      if (!secret) return;
      const { filter } = api.onLogger.call();
      const inJson = JSON.stringify(secret).slice(1, -1);
      // An exception has the text in its stack and its causes, too.
      const without = (entry: LogEntry): LogEntry =>
        JSON.parse(JSON.stringify(entry).replaceAll(inJson, "***"));
      api.onLogger.tap(() => ({
        filter: (logs, limits) => filter(logs, limits).map(without),
      }));
    },
  };
}

export default redact(process.env.REDACTED);
