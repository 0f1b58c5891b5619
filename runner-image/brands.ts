import {
  functionText,
  getOwnPropertyDescriptor,
  getOwnPropertySymbols,
  getPrototypeOf,
  indexOfText,
  sliceText,
  tagOf,
} from "./base/primordials.ts";

/** Prototypes of one object that are looked at. Code can make a proxy with endlessly many. */
const MAX_PROTOTYPES = 100;

/** Returns the tag of an object, such as `Map`. Code can forge it. */
export function tagName(value: object): string {
  return sliceText(tagOf(value), 8, -1);
}

/** Tests that an object is really what its tag claims: `probe` throws for any other. */
export function is(probe: (value: never) => unknown, value: object): boolean {
  try {
    probe(value as never);
    return true;
  } catch {
    return false;
  }
}

/**
 * Tells whether an object without any property for JSON has content all the same: under symbols,
 * in private fields, or inside the runtime. The source of its classes says so.
 */
export function hidesContent(value: object): boolean {
  if (getOwnPropertySymbols(value).length > 0) return true;
  let prototype = getPrototypeOf(value) as object | null;
  for (let i = 0; prototype !== null && i < MAX_PROTOTYPES; i += 1) {
    const above = getPrototypeOf(prototype) as object | null;
    // Last comes the prototype of all objects, of whatever realm.
    if (above === null) return false;
    const made: unknown = getOwnPropertyDescriptor(prototype, "constructor")?.value;
    if (typeof made === "function") {
      const source = functionText(made as () => void);
      if (indexOfText(source, "#") >= 0 || indexOfText(source, "[native code]") >= 0) return true;
    }
    prototype = above;
  }
  return false;
}

/** Returns the name of an object's class, with an article. */
export function className(value: object): string {
  const { name } = (value as { constructor?: { name?: unknown } }).constructor ?? {};
  const known = typeof name === "string" && name !== "" && name.length <= 64;
  const tag = tagName(value);
  return withArticle(known && tag === "Object" ? name : tag);
}

export function withArticle(name: string): string {
  return `${indexOfText("AEIOU", sliceText(name, 0, 1)) >= 0 ? "An" : "A"} ${name}`;
}
