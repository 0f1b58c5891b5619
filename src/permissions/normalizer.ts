import { type ListName, type Perms, type PermsObject, toObject } from "./perms.ts";

/** Permissions with every key said. */
export type ExplicitPerms = Required<PermsObject>;

/**
 * The one form in which permissions go to a Worker: every key, lists sorted and without
 * duplicates, so that equal permissions are equal text. Throws an Error naming the key for
 * `"inherit"` or a value of another shape.
 *
 * @example
 * normalize({ net: ["b", "a", "b"] }).net // ["a", "b"]
 * @example
 * normalize("none").hrtime // false
 */
export function normalize(perms: Perms): ExplicitPerms {
  const object = toObject(perms);
  const sorted = (name: ListName) => [...new Set(object[name])].sort();
  // Every key, because what an absent one means is Deno's to decide, and may be to inherit.
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
