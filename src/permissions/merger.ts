import { LISTS, type ListName, type Perms, toObject } from "./perms.ts";

/**
 * Adds permissions up. `"none"` adds nothing. Lists are united without duplicates, in the order in
 * which entries first appear. The last of several booleans holds. The result has the keys that some
 * argument has, and is `"none"` if every argument is.
 *
 * @throws {Error} Naming the key, for `"inherit"` or a value of another shape.
 *
 * @example
 * const user = { env: ["A"], net: ["host1"] };
 * const tool = { env: ["B"], net: ["host2"] };
 * merge(user, tool) // { env: ["A", "B"], net: ["host1", "host2"] }
 */
export function merge(...all: Perms[]): Perms {
  // Checked before "none" is filtered out, so that a bad value is reported at any position.
  const objects = all.map(toObject);
  if (all.every((perms) => perms === "none")) return "none";
  const merged: Partial<Record<ListName, readonly string[]>> & { hrtime?: boolean } = {};
  for (const name of LISTS) {
    const lists = objects.flatMap((perms) => (perms[name] === undefined ? [] : [perms[name]]));
    if (lists.length > 0) merged[name] = [...new Set(lists.flat())];
  }
  const hrtime = objects.findLast((perms) => perms.hrtime !== undefined)?.hrtime;
  if (hrtime !== undefined) merged.hrtime = hrtime;
  return merged;
}
