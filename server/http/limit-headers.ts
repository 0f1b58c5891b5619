import type { Left, LimitsLeft } from "../quotas/left.ts";
import type { HeaderPairs } from "./route.ts";

/**
 * Writes limits and what is left of them, in the form of the IETF's draft "RateLimit header fields
 * for HTTP".
 *
 * @example limitHeaders({ rate }) // RateLimit-Policy: "rate";q=10;w=60 · RateLimit: "rate";r=9;t=42
 */
export function limitHeaders({ rate, day }: LimitsLeft): HeaderPairs {
  const limits = Object.entries({ rate, day }).filter((entry): entry is [string, Left] => {
    return entry[1] !== undefined;
  });
  if (limits.length === 0) return [];
  const policies = limits.map(([name, { most, seconds }]) => `"${name}";q=${most};w=${seconds}`);
  const rests = limits.map(([name, { left, lasts }]) => {
    return `"${name}";r=${Math.max(0, left)};t=${Math.max(0, Math.ceil(lasts / 1_000))}`;
  });
  return [
    ["ratelimit-policy", policies.join(", ")],
    ["ratelimit", rests.join(", ")],
  ];
}
