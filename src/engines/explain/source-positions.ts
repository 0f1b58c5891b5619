import { MODULE_NAME } from "../../protocol/messages.ts";
import type { LogEntry } from "../../request/types.ts";
import { readMap } from "./section-maps.ts";

/** Most frames of one execution that are translated. Later ones stay as they are. */
const MAX_FRAMES = 500;
/** Deepest cause whose stack is translated. */
const MAX_CAUSES = 16;

const FRAME_LINE = /(?:^|\n) *at .*main\.ts:\d+:\d+\)?(?![^\n])/g;
const POSITION = /(?:file:\/\/\/)?main\.ts:(\d{1,7}):(\d{1,7})(?=\)?$)/;
/** Path of a deployed file, or of one of a package, as the bundler names it in a map. */
const SOURCE = /^(?:function|package):([\w.@+=/-]{1,200})$/;
/** Module that the bundler has made itself. */
const MADE = /^(?:pattern|builtin|entry|stub|missing|isolate):/;
/** Functions by which the bundler joins files. */
const OF_BUNDLER = /^\n *at (?:async )?__[a-zA-Z]+\d* \(/;
/** Name that the bundler gives to all of a CommonJS file. */
const OF_FILE = /at (?:function|package):[\w.@+=/-]{1,200} \(/;

/** A log entry, or a cause in one. */
type Entry = Readonly<Record<string, unknown>>;

/** Tells whether an entry may have frames of the one module that a sandbox knows. */
export function hasFrames(logs: readonly LogEntry[]): boolean {
  return logs.some(({ level, message }) => {
    return level === "exception" || message.includes(`${MODULE_NAME}:`);
  });
}

/**
 * Translates the frames in logs from the bundle to the files that it was made of. Code can claim
 * any frame and any map, so a position is only text of the right form.
 */
export function inFiles(logs: readonly LogEntry[], map: string): LogEntry[] {
  let find: ReturnType<typeof readMap>;
  try {
    find = readMap(map);
  } catch {
    return [...logs];
  }
  let left = MAX_FRAMES;
  /** Translates a frame. One of the bundler's own code is left out. */
  const frameOf = (frame: string): string => {
    left -= 1;
    const [whole, line, column] = POSITION.exec(frame) ?? [];
    if (whole === undefined || left < 0) return frame;
    const found = find(Math.max(1, Number(line)), Math.max(0, Number(column) - 1));
    const [, file] = SOURCE.exec(found.source ?? "") ?? [];
    if (file !== undefined) {
      const place = `${file}:${found.line}:${(found.column ?? 0) + 1}`;
      return frame.replace(POSITION, () => place).replace(OF_FILE, "at Object.<anonymous> (");
    }
    return OF_BUNDLER.test(frame) || MADE.test(found.source ?? "") ? "" : frame;
  };
  const translate = (text: string): string => text.replace(FRAME_LINE, frameOf);
  const entryOf = (entry: Entry, depth: number): Entry => {
    const changed: Record<string, unknown> = { ...entry };
    for (const name of ["message", "stack"]) {
      const text = entry[name];
      if (typeof text === "string") changed[name] = translate(text);
    }
    if (depth >= MAX_CAUSES) return changed;
    if (isEntry(entry.cause)) changed.cause = entryOf(entry.cause, depth + 1);
    if (Array.isArray(entry.errors)) {
      changed.errors = entry.errors.map((each) =>
        isEntry(each) ? entryOf(each, depth + 1) : each,
      );
    }
    return changed;
  };
  return logs.map((entry) => entryOf(entry, 0) as LogEntry);
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
