/** Characters of a path that every parser reads alike. */
const PLAIN = /^\/[\x21-\x7e]*$/;
/** Characters that some servers cut a path at, or take for a slash. */
const AMBIGUOUS = /[\\;#]/;
/** Encoded characters that servers decode or not, at their discretion: letters, digits, and those with a meaning. */
const ENCODED =
  /%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aA]|5[fF]|6[1-9a-fA-F]|7[0-9aA]|7[eE]|2[fF35]|5[cC]|3[bBfF]|[01][0-9a-fA-F]|7[fF])/;
const NOT_ENCODED = /%(?![0-9a-fA-F]{2})/;
/** Pattern for the rest of a path. */
const REST = "**";

/**
 * Returns a path without its query, if all servers read it alike. Two programs could read a path
 * differently that has an encoded slash or dot, `..`, `.`, `//` or `;` in it.
 *
 * @example
 * plainPath("/v1/a%20b?c=d") // "/v1/a%20b"
 * @example
 * plainPath("/v1/..%2fadmin") // undefined
 */
export function plainPath(target: string): string | undefined {
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (!PLAIN.test(path) || AMBIGUOUS.test(path)) return undefined;
  if (ENCODED.test(path) || NOT_ENCODED.test(path)) return undefined;
  const segments = path.split("/").slice(1);
  const isOdd = segments.some(
    (segment, index) =>
      segment === "." || segment === ".." || (segment === "" && index < segments.length - 1),
  );
  if (isOdd) return undefined;
  return path.replace(/%[0-9a-f]{2}/gi, (digits) => digits.toUpperCase());
}

/**
 * Returns why a text is no pattern of paths. `*` stands for any characters of one segment, `**` at
 * the end for all further segments.
 */
export function patternFault(pattern: string): string | undefined {
  if (!pattern.startsWith("/")) return "begins with no slash";
  if (pattern.includes("?")) return "has a query, which is not compared";
  const inner = pattern.endsWith(`/${REST}`) ? pattern.slice(0, -REST.length) : pattern;
  if (inner.includes(REST)) return 'has "**" elsewhere than as its last segment';
  return plainPath(inner) === undefined ? "is no path that all servers read alike" : undefined;
}

/** Tests a path of `plainPath` against a pattern without a fault. */
export function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  const takesRest = wanted.at(-1) === REST;
  if (takesRest) wanted.pop();
  if (takesRest ? given.length <= wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, index) => matchesSegment(spelled(segment), given[index] ?? ""));
}

function spelled(segment: string): string {
  return segment.replace(/%[0-9a-f]{2}/gi, (digits) => digits.toUpperCase());
}

/** Compares in a time that grows with the product of both lengths at most, whatever they hold. */
function matchesSegment(pattern: string, text: string): boolean {
  const [first = "", ...parts] = pattern.split("*");
  if (parts.length === 0) return pattern === text;
  const last = parts.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= end;
}
