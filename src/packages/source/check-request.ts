import type { NamedOverrides } from "../../request/package-fields.ts";
import type { PackageLimits } from "../limits.ts";
import { refused } from "../refused.ts";
import { packageName } from "../resolver/claims.ts";
import type { PackageRequest } from "../types.ts";

const MAX_SPEC = 256;
const MAX_DEPTH = 10;

/**
 * Bounds a request before it costs anything.
 *
 * @throws {BadRequest}
 */
export function checkRequest(
  { dependencies, overrides = {} }: PackageRequest,
  { named }: PackageLimits,
) {
  const entries = Object.entries(dependencies);
  const count = entries.length + countOf(overrides, 0);
  if (count > named) throw refused(`There are ${count} of them; ${named} are the most`);
  for (const [name, spec] of entries) {
    if (!packageName.safeParse(name).success) {
      throw refused(`${JSON.stringify(name.slice(0, 214))} is no name of a package`);
    }
    if (spec.length > MAX_SPEC) {
      throw refused(`The version of ${JSON.stringify(name)} has more than ${MAX_SPEC} characters`);
    }
  }
}

function countOf(overrides: NamedOverrides, depth: number): number {
  if (depth > MAX_DEPTH) throw refused(`Their overrides are nested more than ${MAX_DEPTH} deep`);
  return Object.entries(overrides).reduce((sum, [name, value]) => {
    if (name.length > MAX_SPEC || (typeof value === "string" && value.length > MAX_SPEC)) {
      throw refused(`An override has more than ${MAX_SPEC} characters`);
    }
    return sum + 1 + (typeof value === "string" ? 0 : countOf(value, depth + 1));
  }, 0);
}
