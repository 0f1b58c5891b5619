import { isPackageName } from "../../request/package-fields.ts";

/** A package as a specifier names it. */
export interface Specified {
  /** Name under which it is installed. */
  readonly name: string;
  /** Range, or alias for another registry. */
  readonly range: string;
  /** Path inside of it: `/mini`, or nothing. */
  readonly subpath: string;
}

const SPECIFIER =
  /^(npm|jsr):\/?(?<name>(?:@[^/@]+\/)?[^/@]+)(?:@(?<range>[^/]*))?(?<subpath>\/.*)?$/;

/**
 * Reads a specifier such as `npm:zod@^4/mini` or `jsr:@std/yaml@1`. Returns `undefined` for another one, and
 * for one that names no package.
 */
export function specified(specifier: string): Specified | undefined {
  const found = SPECIFIER.exec(specifier);
  const { name = "", range = "", subpath = "" } = found?.groups ?? {};
  if (found === null || !isPackageName(name)) return undefined;
  if (found[1] === "npm") return { name, range: range || "*", subpath };
  return { name, range: `jsr:${name}@${range || "*"}`, subpath };
}

/** Tells whether a text may hold such specifiers. Most texts do not, and need no parser. */
export function mentionsPackages(text: string): boolean {
  return text.includes("npm:") || text.includes("jsr:");
}

/** Tells by its text whether code seems to have such specifiers in static imports. */
export function importsPackages(text: string): boolean {
  return /\b(?:from|import)\s*["'](?:npm|jsr):/.test(text);
}
