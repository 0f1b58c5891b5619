/** The permissions that are lists of names, hosts or paths. */
export const LISTS = ["env", "net", "read", "write", "run", "ffi", "sys"] as const;

export type ListName = (typeof LISTS)[number];

/** What is granted beyond nothing; an absent key grants nothing. */
export interface PermsObject extends Readonly<Partial<Record<ListName, readonly string[]>>> {
  /** Time at its full resolution. */
  readonly hrtime?: boolean;
}

/** What code or a tool may reach. There is no way to say "everything the host has". */
export type Perms = "none" | PermsObject;

/**
 * The object form of permissions: `"none"` is `{}`. Tools and requests are written in JavaScript,
 * so shapes are looked at: throws an Error naming the key if anything is `"inherit"`, a list is
 * no array of strings, or `hrtime` is no boolean.
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
