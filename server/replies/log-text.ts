import type { LogEntry } from "../../src/request/types.ts";
import { levelOf } from "../runs/kept-logs.ts";
import type { LogsRow } from "../store/contract/logs.ts";

/** Fields beside the entries of an execution of a function. */
export interface LogSource extends Pick<LogsRow, "id" | "version" | "startedAt"> {
  readonly dropped?: number;
}

/** Writes what an execution of a function has logged. `entries` is a JSON array of the entries. */
export function functionLogsText(source: LogSource, entries: string): string {
  const { id, version, startedAt, dropped = 0 } = source;
  const head = JSON.stringify({ executionId: id, version, startedAt });
  return `${head.slice(0, -1)},"logs":${entries}${droppedText(dropped)}}`;
}

/** Writes the last field, if entries were left out. */
export function droppedText(dropped: number): string {
  return dropped > 0 ? `,"logsDropped":${dropped}` : "";
}

/** Returns the entries of at least a level, as a JSON array. They are parsed only if there is one. */
export function filtered(entries: string, least: LogEntry["level"] | undefined): string {
  if (least === undefined) return entries;
  const from = levelOf({ level: least });
  const all = JSON.parse(entries) as LogEntry[];
  return JSON.stringify(all.filter((entry) => levelOf(entry) >= from));
}
