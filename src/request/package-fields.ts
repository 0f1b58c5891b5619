import { z } from "zod";

/** Names and ranges of packages, as a package.json has them. */
export type Dependencies = Readonly<Record<string, string>>;

/** Overrides of a package.json: name → version, or name → overrides below that package. */
export interface NamedOverrides {
  readonly [name: string]: string | NamedOverrides;
}

export const PACKAGE_LIMITS = {
  /** Packages that a request may name. */
  dependencies: 100,
  /** Entries of overrides, at every depth together. */
  overrides: 200,
  /** Overrides inside of each other. */
  depth: 8,
  /** Characters of a name, which are npm's, and of a range. */
  name: 214,
  range: 256,
} as const;

const NAME = /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i;
/** Printable characters. A range with others is none. */
const RANGE = /^[ -~]*$/;
const SHOWN = 100;

/** Tells whether a text can be the name of a package. */
export function isPackageName(name: string): boolean {
  return name.length <= PACKAGE_LIMITS.name && NAME.test(name);
}

function isRange(range: unknown): range is string {
  return typeof range === "string" && range.length <= PACKAGE_LIMITS.range && RANGE.test(range);
}

/**
 * Returns the first fault of dependencies, or `undefined`. It stops there: a schema of records would look at
 * all of many bad entries.
 */
export function dependenciesFault(given: unknown): string | undefined {
  if (!isObject(given)) return 'Expected an object such as {"zod": "^4"}';
  const entries = Object.entries(given);
  if (entries.length > PACKAGE_LIMITS.dependencies) {
    return `${entries.length} packages exceed the limit of ${PACKAGE_LIMITS.dependencies}`;
  }
  for (const [name, range] of entries) {
    if (!isPackageName(name)) return `${quoted(name)} is not the name of a package`;
    if (!isRange(range)) {
      return `The range of ${quoted(name)} is not a text such as "^4" of up to ${PACKAGE_LIMITS.range} characters`;
    }
  }
  return undefined;
}

/** Returns the first fault of overrides, or `undefined`. */
export function overridesFault(given: unknown): string | undefined {
  let left = PACKAGE_LIMITS.overrides;
  const faultOf = (value: unknown, depth: number): string | undefined => {
    if (!isObject(value)) return 'Expected an object such as {"semver": "7.5.4"}';
    if (depth > PACKAGE_LIMITS.depth) return `Nested deeper than ${PACKAGE_LIMITS.depth} levels`;
    for (const [name, below] of Object.entries(value)) {
      left -= 1;
      if (left < 0) return `More than ${PACKAGE_LIMITS.overrides} entries`;
      if (!isOverridden(name)) return `${quoted(name)} is not the name of a package`;
      const fault = isRange(below) ? undefined : faultOf(below, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  return faultOf(given, 1);
}

/** Tells whether overrides may have a name: a package, also with a range (`a@^1`), or `.`. */
function isOverridden(name: string): boolean {
  if (name === ".") return true;
  const at = name.indexOf("@", 1);
  if (at === -1) return isPackageName(name);
  return isPackageName(name.slice(0, at)) && isRange(name.slice(at + 1));
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN));
}

/** Schema of a value that a function checks, stopping at its first fault. */
function checked<T>(
  faultOf: (given: unknown) => string | undefined,
  schema: Readonly<Record<string, unknown>>,
) {
  return (z.unknown() as z.ZodType<T, T>)
    .superRefine((given, context) => {
      const fault = faultOf(given);
      if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    })
    .meta(schema);
}

export const dependencies = checked<Dependencies>(dependenciesFault, {
  type: "object",
  additionalProperties: { type: "string" },
  description: "Packages of the registry: name → range, tag or alias",
});

export const overrides = checked<NamedOverrides>(overridesFault, {
  type: "object",
  additionalProperties: {},
  description: "Versions of packages further down, as in a package.json",
});

/** Schema of the name of a set of packages, which is part of a path. */
export const setName = z
  .string()
  .regex(/^[A-Za-z0-9][\w-]{0,62}$/, "Expected up to 63 letters, digits, - and _");
