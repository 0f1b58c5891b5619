/** Most names of variables that an answer tells as asked for and not granted. */
export const MAX_UNGRANTED = 10;

/** Names that the language itself asks an object for. */
const ASKED_BY_LANGUAGE: readonly string[] = ["then", "toJSON"];
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Tells whether an answer may name this variable. */
export function isTellable(name: string): boolean {
  return NAME.test(name) && !ASKED_BY_LANGUAGE.includes(name);
}

/** Reads the names that a sandbox claims. Anything else than a short list of names is left out. */
export function readUngranted(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  const names = value
    .slice(0, MAX_UNGRANTED)
    .filter((name): name is string => typeof name === "string" && isTellable(name));
  return [...new Set(names)];
}
