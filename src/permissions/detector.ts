import { isLocal } from "../destinations/local.ts";
import { LISTS, type Perms, toObject } from "./perms.ts";

/** What is noteworthy about permissions. */
export interface Findings {
  /** Something is granted by pattern and not by name. */
  readonly wild: boolean;
  /** Different entries of `net`. */
  readonly hosts: number;
  /** This machine itself can be reached. */
  readonly local: boolean;
}

/**
 * Looks permissions over. Wild is `*` as an entry of any list, a `*` within an entry of `net` or
 * `env` (the lists in which Deno takes patterns), and the range of all addresses. Throws an Error
 * naming the key for `"inherit"` or a value of another shape.
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
