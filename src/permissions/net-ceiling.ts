import { covered, coversHost, type HostEntry, knownEntry } from "../destinations/host-entry.ts";
import type { PlanInput } from "./plan-types.ts";

/**
 * Describes the part of a granted entry that is above a ceiling. The words follow "exceeds the
 * ceiling". They are empty if the whole entry is above it, and `undefined` if nothing is. At level
 * `isolated` only the Worker checks, so the entry means what Deno makes of it. There `*.x` includes
 * `x`, and `*` includes every port.
 *
 * @example
 * netExcess("x.org", [{ host: "x.org", ports: [443], text: "x.org:443" }], "container") // " by port 80"
 * @example
 * const wide = { host: "*.x.org", ports: [80, 443], text: "*.x.org" };
 * netExcess("*.x.org", [wide], "isolated") // ' by x.org, which it includes at level "isolated"'
 */
export function netExcess(
  entry: string,
  ceiling: readonly HostEntry[],
  level: PlanInput["level"],
): string | undefined {
  const asked = knownEntry(entry);
  if (!covered(asked, ceiling)) return missing(asked, ceiling);
  if (level !== "isolated" || !asked.host.startsWith("*")) return undefined;
  const included = 'which it includes at level "isolated"';
  if (asked.host === "*") return ` by ports other than 80 and 443, ${included}`;
  const apex = asked.host.slice(2);
  return covered({ ...asked, host: apex }, ceiling) ? undefined : ` by ${apex}, ${included}`;
}

function missing(asked: HostEntry, ceiling: readonly HostEntry[]): string {
  const { host, ports } = asked;
  const about = ceiling.filter((wide) => coversHost(wide.host, host));
  if (about.length > 0) {
    const closed = ports.filter((port) => !covered({ ...asked, ports: [port] }, about));
    return ` by port${closed.length > 1 ? "s" : ""} ${closed.join(" and ")}`;
  }
  if (!host.startsWith("*")) return "";
  const other = ceiling.some((narrow) => coversHost(host, narrow.host)) ? "other " : "";
  return host === "*" ? ` by every ${other}host` : ` by every ${other}name below ${host.slice(2)}`;
}
