import { BadRequest } from "../../src/base/errors.ts";

/** Most levels of a patch. Settings have fewer. */
const MAX_LEVELS = 8;

/** Applies a merge patch (RFC 7396): objects are merged by name, null removes, all else replaces. */
export function mergePatch(target: unknown, patch: unknown, levels = MAX_LEVELS): unknown {
  if (!isObject(patch)) return patch;
  if (levels === 0) throw new BadRequest("", "The patch has too many levels");
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value, levels - 1));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
