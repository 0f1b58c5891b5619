/** Matches paths of artifacts. It has no regular expression, because globs and paths are both of others. */

/**
 * Tells whether a relative path matches a glob. `*` stands for any characters of one name, `?` for
 * one of them, and `**` as a whole name for any number of folders.
 *
 * @example
 * ["a.png", "a/b.png"].map((path) => matchesGlob(path, "**" + "/*.png")) // [true, true]
 */
export function matchesGlob(path: string, glob: string): boolean {
  return matchesSegments(path.split("/"), glob.split("/"));
}

function matchesSegments(names: readonly string[], patterns: readonly string[]): boolean {
  return matches(
    names.length,
    patterns.length,
    (at) => patterns[at] === "**",
    (name, pattern) => matchesName(names[name] ?? "", patterns[pattern] ?? ""),
  );
}

function matchesName(name: string, pattern: string): boolean {
  return matches(
    name.length,
    pattern.length,
    (at) => pattern[at] === "*",
    (at, of) => pattern[of] === "?" || pattern[of] === name[at],
  );
}

/**
 * Matches parts in their order. A star takes any number of them. Only the last star is tried again
 * with more, so the steps are at most the product of both lengths.
 */
function matches(
  parts: number,
  patterns: number,
  isStar: (pattern: number) => boolean,
  isSame: (part: number, pattern: number) => boolean,
): boolean {
  let [part, pattern, star, taken] = [0, 0, -1, 0];
  while (part < parts) {
    if (pattern < patterns && isStar(pattern)) {
      star = pattern;
      taken = part;
      pattern += 1;
    } else if (pattern < patterns && isSame(part, pattern)) {
      part += 1;
      pattern += 1;
    } else if (star !== -1) {
      taken += 1;
      part = taken;
      pattern = star + 1;
    } else return false;
  }
  while (pattern < patterns && isStar(pattern)) pattern += 1;
  return pattern === patterns;
}
