import { parseEntry } from "./host-entry.ts";
import { judgeEnv, judgeSys } from "./name-grant.ts";
import { netWithin } from "./net-grant.ts";
import { isPath, isWithin } from "./path-grant.ts";
import { LISTS, type ListName, type Perms } from "./perms.ts";
import type { PlanInput } from "./plan-types.ts";
import { shape } from "./shape.ts";

/** Whether an element that is granted otherwise is within what a tenant may have. */
export type Within = (name: ListName, granted: string) => boolean;

/** Whether text could be an element of a list at all. */
const WELL_FORMED: Readonly<Record<ListName, (value: string) => boolean>> = {
  env: (value) => "granted" in judgeEnv(value, [value]),
  net: (value) => typeof parseEntry(value) !== "string",
  read: isPath,
  write: isPath,
  run: () => true,
  ffi: () => true,
  sys: (value) => "granted" in judgeSys(value),
};

/**
 * The most a tenant may have, as a question about single elements. Everything is within an absent
 * ceiling. Throws an Error for a malformed one: it is the operator's mistake, and which way it
 * was meant cannot be known.
 *
 * @example
 * const within = ceilingOf({ net: ["*.x.org"] }, "container");
 * [within("net", "a.x.org"), within("net", "a.x.org:22"), within("env", "A")] // [true, false, false]
 */
export function ceilingOf(ceiling: Perms | undefined, level: PlanInput["level"]): Within {
  if (ceiling === undefined) return () => true;
  const { lists, refusals } = shape(ceiling, "ceiling");
  const [fault] = refusals;
  if (fault !== undefined) throw new Error(fault.message);
  for (const name of LISTS) {
    const bad = lists[name].find(({ value }) => !WELL_FORMED[name](value));
    if (bad !== undefined) throw new Error(`${bad.field}: is malformed`);
  }
  return (name, granted) => {
    const values = lists[name].map(({ value }) => value);
    if (name === "net") return netWithin(granted, values, level);
    if (name === "read" || name === "write") return values.some((top) => isWithin(granted, top));
    return values.includes(granted);
  };
}
