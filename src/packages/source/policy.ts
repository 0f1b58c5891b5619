import picomatch from "picomatch";
import { refused } from "../refused.ts";
import type { LockedPackage, PackagePolicy } from "../types.ts";

const JSR = /^@jsr\/(.+?)__(.+)$/;

/** Returns the days that a version must have been published, by the strictest policy. */
export function minimumAge(policies: readonly PackagePolicy[]): number {
  return Math.max(0, ...policies.map(({ minimumAge: days = 0 }) => days));
}

/**
 * Checks every package of a lock against all policies. Packages of JSR may be named as JSR does: `jsr:@std/*`.
 *
 * @throws {BadRequest} that names the first refused package.
 */
export function checkPolicies(
  packages: readonly Pick<LockedPackage, "name">[],
  policies: readonly PackagePolicy[],
): void {
  for (const { allow, deny } of policies) {
    const isDenied = deny && matcher(deny);
    const isAllowed = allow && matcher(allow);
    for (const { name } of packages) {
      const names = [name, name.replace(JSR, "jsr:@$1/$2")];
      if (names.some((one) => isDenied?.(one))) {
        throw refused(`${JSON.stringify(name)} is refused by policy`);
      }
      if (isAllowed && !names.some(isAllowed)) {
        throw refused(`${JSON.stringify(name)} is not on the list of allowed packages`);
      }
    }
  }
}

/** Matches names by globs. `*` includes scopes, because a list of all must include every name. */
function matcher(globs: readonly string[]): (name: string) => boolean {
  const all = globs.filter((glob) => glob === "*" || glob === "**");
  if (all.length > 0) return () => true;
  return globs.length === 0 ? () => false : picomatch([...globs], { nocase: true, dot: true });
}
