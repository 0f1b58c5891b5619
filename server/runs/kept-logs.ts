import { LOG_ENTRY_LEVELS } from "../../src/request/output.ts";
import type { LogEntry } from "../../src/request/types.ts";
import type { KeptLogs } from "../store/contract/logs.ts";

export type KeptEntries = Pick<KeptLogs, "entries" | "count" | "dropped" | "level">;

/** Characters of an entry's text that may take up to six bytes each, and of which there are two. */
const SHARE = 24;

/**
 * Writes the entries of an execution that are kept: the first ones, up to that many bytes of JSON.
 * Its exception, which comes last and says why it failed, always has room. Each entry is written as
 * it is in the answer. Returns `undefined` if there were none.
 */
export function keptEntries(
  entries: readonly LogEntry[],
  droppedBefore: number,
  bytes: number,
): KeptEntries | undefined {
  if (entries.length === 0 && droppedBefore === 0) return undefined;
  const last = entries.at(-1);
  const fault = last?.level === "exception" ? faultText(last, bytes) : undefined;
  let room = bytes - 2 - (fault === undefined ? 0 : Buffer.byteLength(fault) + 1);
  const texts: string[] = [];
  let level = -1;
  const keep = (text: string, entry: LogEntry | undefined): void => {
    texts.push(text);
    level = Math.max(level, levelOf(entry));
  };
  for (const entry of fault === undefined ? entries : entries.slice(0, -1)) {
    // Every entry after one without room is left out, so that the kept ones have no gap.
    if (entry.message.length > room) break;
    const text = textOf(entry);
    room -= Buffer.byteLength(text) + 1;
    if (room < 0) break;
    keep(text, entry);
  }
  if (fault !== undefined) keep(fault, last);
  const dropped = droppedBefore + entries.length - texts.length;
  return { entries: `[${texts.join()}]`, count: texts.length, dropped, level };
}

/** Returns a level's place among all, the least first. */
export function levelOf(entry: Pick<LogEntry, "level"> | undefined): number {
  return entry === undefined ? -1 : LOG_ENTRY_LEVELS.indexOf(entry.level);
}

/** Writes the exception within half of the bytes. A longer one keeps what names it. */
function faultText(entry: LogEntry, bytes: number): string {
  const text = textOf(entry);
  if (Buffer.byteLength(text) <= bytes / 2) return text;
  const { level, message, timestamp, name, stack } = entry;
  const most = Math.floor(bytes / SHARE) - 16;
  return JSON.stringify({
    level,
    message: cut(message, most),
    timestamp,
    ...(name !== undefined && { name: name.slice(0, 16) }),
    ...(stack !== undefined && { stack: cut(stack, most) }),
  });
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Writes an entry. One that a plugin has made unwritable leaves its level and its time. */
function textOf(entry: LogEntry): string {
  try {
    return JSON.stringify(entry);
  } catch {
    const { level, timestamp } = entry;
    return JSON.stringify({ level, message: "", timestamp: Number(timestamp) });
  }
}
