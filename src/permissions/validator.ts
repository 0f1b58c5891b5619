import { detect } from "./detector.ts";
import type { Perms } from "./perms.ts";

const MAX_HOSTS = 10;

/**
 * Returns the warnings of strict mode, and passes each to `warn`. In this order: a wildcard, more
 * than 10 hosts, this machine itself. Without strict mode there are none.
 *
 * @throws {Error} Naming the key, for `"inherit"` or a value of another shape, strict or not.
 *
 * @example
 * validate({ net: ["*"] }, true, () => {}) // ["[Strict] Wildcard permission detected"]
 */
export function validate(
  perms: Perms,
  strict: boolean,
  warn: (warning: string) => void = console.warn,
): string[] {
  const { wild, hosts, local } = detect(perms);
  if (!strict) return [];
  const warnings: string[] = [];
  if (wild) warnings.push("[Strict] Wildcard permission detected");
  if (hosts > MAX_HOSTS) warnings.push(`[Strict] Too many hosts: ${hosts}`);
  if (local) warnings.push("[Strict] Local host access detected");
  for (const warning of warnings) warn(warning);
  return warnings;
}
