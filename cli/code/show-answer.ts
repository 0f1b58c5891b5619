import type { Answer } from "../../src/client/types.ts";
import { LISTS, type PermsObject } from "../../src/permissions/perms.ts";
import type { Denial, LogEntry } from "../../src/request/types.ts";
import type { Paint } from "../terminal/paint.ts";
import { visible } from "../terminal/visible.ts";

/** Writes a log entry as lines for a person. */
export function logLine(entry: LogEntry, paint: Paint): string {
  const { level, message, stream } = entry;
  const text = visible(message);
  if (level === "error" || stream === "stderr") return paint("red", text);
  if (level === "warn") return paint("yellow", text);
  return text;
}

/** Writes why an execution has failed: the exception, its hint, and what was refused. */
export function failureLines({ outcome, logs = [], denied = [] }: Answer, paint: Paint): string[] {
  const exception = logs.findLast(({ level }) => level === "exception");
  return [
    ...(exception === undefined ? [paint("red", outcome)] : exceptionLines(exception, paint)),
    ...denied.map((denial) => denialLine(denial, paint)),
  ];
}

function exceptionLines({ name, message, stack, hint }: LogEntry, paint: Paint): string[] {
  const head = visible(name === undefined ? message : `${name}: ${message}`);
  const frames = visible(stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  return [
    paint("red", head),
    ...frames.map((line) => paint("dim", line)),
    ...(hint === undefined ? [] : [`${paint("cyan", "hint")} ${visible(hint)}`]),
  ];
}

function denialLine({ kind, value, code, count = 1, permission }: Denial, paint: Paint): string {
  const reason = code === undefined ? "" : ` (${code})`;
  const times = count > 1 ? `, ${count} times` : "";
  const flags = permission === undefined ? "" : grantingFlags(permission as PermsObject);
  const cure = flags === "" ? "nothing grants it here" : `grant it by ${flags}`;
  return `${paint("yellow", "denied")} ${visible(`${kind} ${value}${reason}${times}: ${cure}`)}`;
}

/**
 * Writes the flags that grant permissions.
 *
 * @example
 * grantingFlags({ net: ["example.com"] }) // "--net example.com"
 */
export function grantingFlags(permission: PermsObject): string {
  const flags = LISTS.flatMap((list) =>
    (permission[list] ?? []).map((value) => `--${list} ${quoted(value)}`),
  );
  return flags.join(" ");
}

/** Quotes a text for a shell, if it needs that. The code has chosen it. */
function quoted(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
