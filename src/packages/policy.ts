import picomatch from "picomatch";
import { BadRequest } from "../base/errors.ts";
import type { Lock, LockedPackage, OwnedPolicy } from "./types.ts";

const DAY_MS = 86_400_000;
/** Name that a package of JSR has in the form of npm's registry. */
const OF_JSR = /^@jsr\/(.+?)__(.+)$/;

/** Finds the glob that matches one of some names. */
type Rules = (names: readonly string[]) => string | undefined;

/** Compiled globs. A policy lives as long as the settings that it comes from. */
const compiled = { allow: new WeakMap<object, Rules>(), deny: new WeakMap<object, Rules>() };

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
  const denied = rulesOf("deny", deny)(names);
  if (denied !== undefined) throw refused(name, `the ${of}'s rules deny "${denied}"`);
  if (allow !== undefined && rulesOf("allow", allow)(names) === undefined) {
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

/**
 * Compiles globs. `*` matches scopes, too: names are no paths. A denied name is denied in any case, because some
 * registries find packages so.
 */
function rulesOf(kind: keyof typeof compiled, globs: readonly string[] = []): Rules {
  const known = compiled[kind].get(globs);
  if (known !== undefined) return known;
  const flags = kind === "deny" ? "i" : "";
  const each = globs.map((glob) => {
    const options = { bash: true, dot: true, nonegate: true, flags };
    return [glob, picomatch.makeRe(glob, options)] as const;
  });
  // One expression for all: a thousand globs for each of a thousand packages would take a second.
  const any = new RegExp(each.map(([, { source }]) => source).join("|") || "$^", flags);
  const rules: Rules = (names) => {
    if (!names.some((name) => any.test(name))) return undefined;
    return each.find(([, one]) => names.some((name) => one.test(name)))?.[0];
  };
  compiled[kind].set(globs, rules);
  return rules;
}

function refused(what: string, rule: string): BadRequest {
  return new BadRequest("dependencies", `dependencies: ${what} is refused: ${rule}`);
}
