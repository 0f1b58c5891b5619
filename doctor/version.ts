/**
 * Parses a version into numbers, the last for its candidate. A release comes after its candidates.
 */
function parse(version: string): number[] {
  const [, major, minor, patch, candidate] =
    /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-~]rc\.?(\d+))?/.exec(version) ?? [];
  const numbers = [major, minor, patch].map((digits) => Number(digits ?? 0));
  return [...numbers, candidate === undefined ? Number.POSITIVE_INFINITY : Number(candidate)];
}

/**
 * Compares versions: below 0 if `a` is older, above if newer. A distribution's suffix is ignored.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  for (const [index, number] of left.entries()) {
    const other = right[index] ?? 0;
    if (number !== other) return number < other ? -1 : 1;
  }
  return 0;
}

/** Returns the release line of a version: `1.2` for `1.2.8`. */
export function lineOf(version: string): string {
  return parse(version).slice(0, 2).join(".");
}
