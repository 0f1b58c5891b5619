import { shorten } from "../base/shorten.ts";
import { knownEntry, parseEntry } from "../destinations/host-entry.ts";
import { judgeEnv, judgeSys } from "./name-grant.ts";
import { netExcess } from "./net-ceiling.ts";
import { isPath, isWithin, MALFORMED_PATH } from "./path-grant.ts";
import { LISTS, type ListName, type Perms } from "./perms.ts";
import type { PlanInput } from "./plan-types.ts";
import { type PermissionRefusal, refuse, type Verdict } from "./refusal.ts";
import { type Shape, shape } from "./shape.ts";

/** Returns the reason why a granted element exceeds a ceiling, or `undefined` if it does not. */
export type Excess = (name: ListName, granted: string) => string | undefined;

const MAX_LISTED = 3;
const PATHS: ReadonlySet<ListName> = new Set(["read", "write"]);
const reasonOf = (verdict: Verdict) => ("reason" in verdict ? verdict.reason : undefined);
const pathFault = (value: string) => (isPath(value) ? undefined : reasonOf(MALFORMED_PATH));

/** Checks of each list for text that can be no element of it at all. */
const FAULTS: Readonly<Record<ListName, (value: string) => string | undefined>> = {
  env: (value) => reasonOf(judgeEnv(value, [value])),
  net: (value) => {
    const parsed = parseEntry(value);
    return typeof parsed === "string" ? parsed : undefined;
  },
  read: pathFault,
  write: pathFault,
  run: () => undefined,
  ffi: () => undefined,
  sys: (value) => reasonOf(judgeSys(value)),
};

const NOUNS: Readonly<Record<ListName, string>> = {
  env: "variable",
  net: "host",
  read: "path to be read",
  write: "path to be written",
  run: "program",
  ffi: "library",
  sys: "system information",
};

/**
 * Finds the first fault of a ceiling of unknown origin, if there is one.
 *
 * @example
 * ceilingFault({ net: ["x.org", "a/b"] }).field // "ceiling.net[1]"
 */
export function ceilingFault(ceiling: unknown): PermissionRefusal | undefined {
  return faultOf(shape(ceiling, "ceiling"));
}

function faultOf({ lists, refusals }: Shape): PermissionRefusal | undefined {
  const bad = LISTS.flatMap((name) =>
    lists[name].flatMap(({ field, value }) => {
      const reason = FAULTS[name](value);
      return reason === undefined ? [] : [refuse(field, value, "invalid", reason)];
    }),
  );
  return [...refusals, ...bad][0];
}

/**
 * Makes a question about single elements out of a ceiling. Nothing exceeds an absent ceiling.
 *
 * @throws {Error} For a malformed ceiling: it is the operator's mistake, and its meaning cannot be
 * guessed.
 *
 * @example
 * const excess = ceilingOf({ net: ["*.x.org"] }, "container");
 * [excess("net", "a.x.org"), excess("net", "a.x.org:22")] // [undefined, '"a.x.org:22" exceeds the ceiling by port 22; it allows *.x.org']
 */
export function ceilingOf(
  ceiling: Perms | undefined,
  level: PlanInput["level"],
  called = "the ceiling",
): Excess {
  if (ceiling === undefined) return () => undefined;
  const read = shape(ceiling, "ceiling");
  const fault = faultOf(read);
  if (fault !== undefined) throw new Error(fault.message);
  const hosts = read.lists.net.map(({ value }) => knownEntry(value));
  return (name, granted) => {
    const allowed = read.lists[name].map(({ value }) => value);
    if (name === "net") {
      const part = netExcess(granted, hosts, level);
      return part === undefined ? undefined : exceeds(name, granted, allowed, `${called}${part}`);
    }
    const within = PATHS.has(name)
      ? allowed.some((top) => isWithin(granted, top))
      : allowed.includes(granted);
    return within ? undefined : exceeds(name, granted, allowed, called);
  };
}

function exceeds(name: ListName, granted: string, allowed: readonly string[], what: string) {
  const it = `"${shorten(granted)}" exceeds ${what}`;
  if (allowed.length === 0) return `${it}; it allows no ${NOUNS[name]}`;
  const some = allowed.slice(0, MAX_LISTED).map(shorten).join(", ");
  const more = allowed.length - MAX_LISTED;
  const listed = more > 0 ? `${some} and ${more} more` : some;
  return PATHS.has(name) ? `${it}: it is outside of ${listed}` : `${it}; it allows ${listed}`;
}
