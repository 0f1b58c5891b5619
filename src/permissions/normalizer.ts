import { type ListName, type Perms, type PermsObject, toObject } from "./perms.ts";

/** Permissions with every key present. */
export type ExplicitPerms = Required<PermsObject>;

/**
 * Makes the form of permissions for a Worker: every key, and lists sorted without duplicates. So
 * equal permissions are equal text.
 *
 * @throws {Error} Naming the key, for `"inherit"` or a value of another shape.
 *
 * @example
 * normalize({ net: ["b", "a", "b"] }).net // ["a", "b"]
 * @example
 * normalize("none").hrtime // false
 */
export function normalize(perms: Perms): ExplicitPerms {
  const object = toObject(perms);
  const sorted = (name: ListName) => [...new Set(object[name])].sort();
  // Every key is present, because Deno decides the meaning of an absent one; it may inherit.
  return {
    env: sorted("env"),
    net: sorted("net"),
    read: sorted("read"),
    write: sorted("write"),
    run: sorted("run"),
    ffi: sorted("ffi"),
    sys: sorted("sys"),
    hrtime: object.hrtime ?? false,
  };
}
