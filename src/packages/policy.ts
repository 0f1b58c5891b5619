import picomatch from "picomatch";
import { BadRequest } from "../base/errors.ts";
import type { Lock, LockedPackage, OwnedPolicy } from "./types.ts";

const DAY_MS = 86_400_000;
/** Name that a package of JSR has in the form of npm's registry. */
const OF_JSR = /^@jsr\/(.+?)__(.+)$/;

type Rule = (name: string) => boolean;

/** Compiled globs. A policy lives as long as the settings that it comes from. */
const compiled = new WeakMap<readonly string[], readonly (readonly [glob: string, rule: Rule])[]>();

/** Returns the days that a version must have been published, by the strictest policy. */
export function minimumAge(policies: readonly OwnedPolicy[]): number {
  return Math.max(0, ...policies.map(({ minimumAge: days = 0 }) => days));
}

/**
 * Checks names of packages that a request asks for, before anything is resolved.
 *
 * @throws {BadRequest} That names the package and the rule.
 */
export function assertNamesAllowed(
  names: readonly string[],
  policies: readonly OwnedPolicy[],
): void {
  for (const name of names) {
    for (const policy of policies) assertNameAllowed(name, policy);
  }
}

/**
 * Checks every package of a lock, also those that others depend on. A lock may be older than the rules.
 *
 * @throws {BadRequest} That names the package and the rule.
 */
export function assertLockAllowed(
  { packages }: Pick<Lock, "packages">,
  policies: readonly OwnedPolicy[],
  now = Date.now(),
): void {
  for (const policy of policies) {
    for (const locked of packages) {
      assertNameAllowed(locked.name, policy);
      assertOldEnough(locked, policy, now);
    }
  }
}

function assertNameAllowed(name: string, { allow, deny, of }: OwnedPolicy): void {
  const names = [name, name.replace(OF_JSR, "jsr:@$1/$2")];
  const denied = rulesOf(deny).find(([, matches]) => names.some(matches));
  if (denied !== undefined) throw refused(name, `the ${of}'s rules deny "${denied[0]}"`);
  if (allow !== undefined && !rulesOf(allow).some(([, matches]) => names.some(matches))) {
    throw refused(name, `the ${of}'s rules allow other packages only`);
  }
}

function assertOldEnough(
  { name, version, published }: LockedPackage,
  { minimumAge = 0, of }: OwnedPolicy,
  now: number,
): void {
  if (minimumAge === 0) return;
  const rule = `the ${of}'s rules want versions that are ${minimumAge} days old`;
  const time = published === undefined ? Number.NaN : Date.parse(published);
  if (Number.isNaN(time)) throw refused(`${name}@${version}`, `${rule}, and its age is unknown`);
  if (now - time < minimumAge * DAY_MS) throw refused(`${name}@${version}`, rule);
}

/** Compiles globs. `*` matches scopes, too: names are no paths. */
function rulesOf(globs: readonly string[] = []): readonly (readonly [string, Rule])[] {
  const known = compiled.get(globs);
  if (known !== undefined) return known;
  const rules = globs.map((glob) => {
    const matches = picomatch(glob, { bash: true, dot: true, nonegate: true });
    // Another argument of the library's function would make it return an object.
    return [glob, (name: string) => matches(name)] as const;
  });
  compiled.set(globs, rules);
  return rules;
}

function refused(what: string, rule: string): BadRequest {
  return new BadRequest("dependencies", `dependencies: ${what} is refused: ${rule}`);
}
