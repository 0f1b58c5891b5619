/** Numbers of a version, and of its release candidate; a release comes after all its candidates. */
function parse(version: string): number[] {
  const [, major, minor, patch, candidate] =
    /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-~]rc\.?(\d+))?/.exec(version) ?? [];
  const numbers = [major, minor, patch].map((digits) => Number(digits ?? 0));
  return [...numbers, candidate === undefined ? Number.POSITIVE_INFINITY : Number(candidate)];
}

/** Below 0 if `a` is older, above if it is newer. What a distribution adds counts for nothing. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  for (const [index, number] of left.entries()) {
    const other = right[index] ?? 0;
    if (number !== other) return number < other ? -1 : 1;
  }
  return 0;
}

/** The line of releases it belongs to: `1.2` for `1.2.8`. */
export function lineOf(version: string): string {
  return parse(version).slice(0, 2).join(".");
}
