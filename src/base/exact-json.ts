import { randomUUID } from "node:crypto";

/**
 * Writes parsed JSON so that parsing gives the same again. `JSON.stringify` writes `-0` as `0`, and
 * a number too large for a double, which is parsed as `Infinity`, as `null`.
 */
export function exactJson(value: unknown): string {
  if (!holdsOdd(value)) return JSON.stringify(value);
  // Nobody can send a string with it, because it is made after the value.
  const mark = randomUUID();
  const marked = JSON.stringify(value, (_key, item: unknown) =>
    isOdd(item) ? mark + textOf(item) : item,
  );
  return marked.replaceAll(new RegExp(`"${mark}([^"]*)"`, "g"), "$1");
}

/** Tells whether a value is a number that JSON has a text for and `JSON.stringify` has not. */
export function isOdd(value: unknown): value is number {
  if (typeof value !== "number") return false;
  return (
    Object.is(value, -0) || value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
  );
}

/** Returns JSON text that is parsed as an odd number. */
export function textOf(odd: number): string {
  if (odd === 0) return "-0";
  return odd > 0 ? "1e999" : "-1e999";
}

function holdsOdd(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const each = open.pop();
    if (isOdd(each)) return true;
    if (typeof each !== "object" || each === null) continue;
    for (const inner of Array.isArray(each) ? each : Object.values(each)) {
      if (typeof inner === "number" || typeof inner === "object") open.push(inner);
    }
  }
  return false;
}
