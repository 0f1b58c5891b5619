import { parseDatabaseUrl } from "../../../src/database/database-url.ts";
import type { DatabaseTarget } from "../../../src/protocol/database-target.ts";

/** Scheme and login, hosts, and the rest. A login ends at the last `@`, as for the parser of URLs. */
const PARTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/s;
const ATTRIBUTES = /^target_session_attrs=(.*)$/;
/** Values that name the server that takes writes. No other is of use to a store. */
const WRITABLE = ["read-write", "primary"];

/**
 * Reads the URL of a store, which may list several hosts and `target_session_attrs`, as in libpq.
 * The rest is as in the URL of a database.
 *
 * @throws {Error} For a bad URL, without quoting it.
 *
 * @example
 * parseStoreUrl("postgres://app:pw@a,b:5433/shop").hosts // a at 5432, b at 5433
 */
export function parseStoreUrl(url: string): DatabaseTarget {
  const [, start, list, rest] = PARTS.exec(url) ?? [];
  // The parser says what is wrong.
  if (start === undefined || list === undefined || rest === undefined) return parseDatabaseUrl(url);
  const [first = "", ...more] = list.split(",");
  if (list.split(",").includes("")) throw new Error("It names no host");
  return parseDatabaseUrl(`${start}${first}${withoutAttributes(rest)}`, more);
}

function withoutAttributes(rest: string): string {
  const [path = "", ...query] = rest.split("?");
  const options = query.join("?").split("&");
  const others = options.filter((option) => {
    const value = ATTRIBUTES.exec(option)?.[1];
    if (value !== undefined && !WRITABLE.includes(value)) {
      throw new Error(`target_session_attrs may be ${WRITABLE.join(" or ")}`);
    }
    return value === undefined;
  });
  return others.join("") === "" ? path : `${path}?${others.join("&")}`;
}
