/** Texts for figures. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * Formats bytes with three digits at most.
 *
 * @example
 * bytes(1_536) // "1.5 KiB"
 */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/**
 * Formats milliseconds.
 *
 * @example
 * milliseconds(61_500) // "1 min 2 s"
 */
export function milliseconds(value: number): string {
  if (value < 1_000) return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`;
  if (value < 60_000) return `${Number((value / 1_000).toFixed(1))} s`;
  const seconds = Math.round(value / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Formats a time of day, or a whole date if it is not today's. */
export function time(value: string | number, now = new Date()): string {
  const date = new Date(value);
  const isToday = date.toDateString() === now.toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}

/** Formats a value as JSON, for people. `undefined` is a word of its own. */
export function json(value: unknown): string {
  return value === undefined ? "undefined" : JSON.stringify(value, null, 2);
}

/**
 * Reads a field of JSON. An empty one is absent.
 *
 * @throws {Error} that names the field.
 */
export function jsonField(name: string, text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is not JSON: ${(error as Error).message}`);
  }
}

/** Returns the value below which a part of all values lies, or 0 without any. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
