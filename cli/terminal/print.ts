import { columns } from "./columns.ts";
import { jsonOf, visible } from "./visible.ts";

/** Writes a line to standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line to standard error. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes a value as JSON: with line breaks where a person may read it. */
export function printJson(value: unknown): void {
  print(jsonOf(value, 2));
}

/** Writes a value as one line of JSON, for outputs that go on. */
export function printJsonLine(value: unknown): void {
  print(jsonOf(value));
}

/** Writes rows below a head, or a text if there are none. Dates lose their milliseconds. */
export function printTable(
  head: readonly string[],
  rows: readonly (readonly unknown[])[],
  none: string,
): void {
  if (rows.length === 0) note(none);
  else print(columns([head, ...rows.map((row) => row.map(cellOf))]));
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "-";
  const text = visible(String(value)).replaceAll("\n", " ");
  return text.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/, "$1Z");
}
