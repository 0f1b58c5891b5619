import { isLocal } from "../destinations/local.ts";
import { LISTS, type Perms, toObject } from "./perms.ts";

/** Noteworthy facts about permissions. */
export interface Findings {
  /** True if something is granted by a pattern and not by a name. */
  readonly wild: boolean;
  /** Number of different entries of `net`. */
  readonly hosts: number;
  /** True if this machine itself can be reached. */
  readonly local: boolean;
}

/**
 * Examines permissions. `wild` is true for `*` as an entry of any list, and for the range of all
 * addresses. It is also true for a `*` within an entry of `net` or `env`, where Deno takes
 * patterns.
 *
 * @throws {Error} Naming the key, for `"inherit"` or a value of another shape.
 *
 * @example
 * detect({ net: ["*", "localhost"] }) // { wild: true, hosts: 2, local: true }
 */
export function detect(perms: Perms): Findings {
  const object = toObject(perms);
  const { net = [], env = [] } = object;
  const wild =
    LISTS.some((name) => object[name]?.includes("*")) ||
    [...net, ...env].some((entry) => entry.includes("*")) ||
    net.some((entry) => /\/0+(?::\d+)?$/.test(entry));
  return { wild, hosts: new Set(net).size, local: net.some(isLocal) };
}
