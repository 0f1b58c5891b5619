/** The permissions that are lists of names, hosts or paths. */
export const LISTS = ["env", "net", "read", "write", "run", "ffi", "sys"] as const;

export type ListName = (typeof LISTS)[number];

/** Permissions granted beyond nothing. An absent key grants nothing. */
export interface PermsObject extends Readonly<Partial<Record<ListName, readonly string[]>>> {
  /** Grants time at its full resolution. */
  readonly hrtime?: boolean;
}

/** Permissions of code or a tool. They cannot express "everything the host has". */
export type Perms = "none" | PermsObject;

/**
 * Returns the object form of permissions; `"none"` is `{}`. Shapes are checked, because tools and
 * requests may be written in JavaScript.
 *
 * @throws {Error} Naming the key, if a list is no array of strings or `hrtime` no boolean. Also if
 * anything is `"inherit"`.
 *
 * @example
 * toObject("none") // {}
 */
export function toObject(perms: Perms): PermsObject {
  if (perms === "none") return {};
  const given: unknown = perms;
  if (given === "inherit") throw new Error('Permissions cannot be "inherit": list what is needed');
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new Error('Permissions are neither "none" nor an object');
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === "inherit") {
      throw new Error(`Permission "${name}" cannot be "inherit": list what is needed`);
    }
  }
  for (const name of LISTS) {
    const list: unknown = perms[name];
    if (list !== undefined && !isListOfStrings(list)) {
      throw new Error(`Permission "${name}" is not a list of strings`);
    }
  }
  const hrtime: unknown = perms.hrtime;
  if (hrtime !== undefined && typeof hrtime !== "boolean") {
    throw new Error('Permission "hrtime" is not a boolean');
  }
  return perms;
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
