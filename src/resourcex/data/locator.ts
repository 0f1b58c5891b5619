import { isRegistry, placeOf, splitAt } from "./identifier.ts";

/** The parts of a locator, `[domain/path/]name[.type][@version]` or `[domain/][path/]name[:tag]`. */
export interface LocatorParts {
  readonly domain?: string;
  /** Text between domain and name, including its inner slashes. */
  readonly path?: string;
  readonly name: string;
  readonly type?: string;
  /** Version, or the tag of a locator that has one. */
  readonly version?: string;
  /** Digest that the archive must have, of a locator with `name:tag`. */
  readonly digest?: string;
}

/** A parsed locator. */
export interface RXL extends LocatorParts {
  /** Returns the text it was parsed from. */
  toString(): string;
}

/**
 * Form of a locator: `typed` is `name.type@version`, `tagged` is `name:tag@digest`. A text may be
 * `either`, such as `x.org/hello`, which means the same in both.
 */
export type LocatorForm = "typed" | "tagged" | "either";

/** Returns the form of a locator. A colon after the last slash and before any `@` is a tag's. */
export function formOf(text: string): LocatorForm {
  const [rest, behind] = splitAt(text, text.indexOf("@"));
  const last = rest.slice(rest.lastIndexOf("/") + 1);
  if (last.includes(":")) return "tagged";
  if (last.includes(".")) return "typed";
  if (behind === undefined) return "either";
  return behind.startsWith("sha256:") ? "tagged" : "typed";
}

/**
 * Splits a locator into its parts. Never throws: bad parts are refused where they would become a
 * path or a request.
 *
 * @example
 * const { domain, path, name, type, version } = parseRXL("x.org/team/hello.text@1.0.0");
 * [domain, path, name, type, version] // ["x.org", "team", "hello", "text", "1.0.0"]
 */
export function parseRXL(text: string): RXL {
  return formOf(text) === "tagged" ? parseTagged(text) : parseTyped(text);
}

/** Makes a locator of the form `name:tag` of its parts. */
export function taggedLocator(parts: Omit<LocatorParts, "type">): RXL {
  return new TaggedLocator(parts);
}

function parseTyped(text: string): RXL {
  const [rest, version] = splitAt(text, text.indexOf("@"));
  const segments = rest.split("/");
  const [first = ""] = segments;
  const hasDomain = segments.length > 1 && isRegistry(first);
  const last = hasDomain ? (segments.at(-1) ?? "") : rest;
  const [name, type] = splitAt(last, last.lastIndexOf("."));
  return new TypedLocator({
    ...(hasDomain && { domain: first }),
    ...(hasDomain && segments.length > 2 && { path: segments.slice(1, -1).join("/") }),
    name,
    ...(type !== undefined && { type }),
    ...(version !== undefined && { version }),
  });
}

function parseTagged(text: string): RXL {
  const [rest, digest] = splitAt(text, text.indexOf("@"));
  const slash = rest.lastIndexOf("/");
  const last = rest.slice(slash + 1);
  const [name, version] = splitAt(last, last.lastIndexOf(":"));
  const { registry, path } = slash < 0 ? {} : placeOf(rest.slice(0, slash));
  return new TaggedLocator({
    ...(registry !== undefined && { domain: registry }),
    ...(path !== undefined && { path }),
    name,
    ...(version !== undefined && { version }),
    ...(digest !== undefined && { digest }),
  });
}

abstract class Locator implements RXL {
  declare readonly domain?: string;
  declare readonly path?: string;
  declare readonly name: string;
  declare readonly type?: string;
  declare readonly version?: string;
  declare readonly digest?: string;

  constructor(parts: LocatorParts) {
    Object.assign(this, parts);
  }
}

class TypedLocator extends Locator {
  override toString(): string {
    const { domain, path, name, type, version } = this;
    const place = domain === undefined ? "" : `${domain}/${path === undefined ? "" : `${path}/`}`;
    const kind = type === undefined ? "" : `.${type}`;
    return `${place}${name}${kind}${version === undefined ? "" : `@${version}`}`;
  }
}

class TaggedLocator extends Locator {
  override toString(): string {
    const { domain, path, name, version, digest } = this;
    const place = [domain, path, name].filter((part) => part !== undefined).join("/");
    const tag = version === undefined ? "" : `:${version}`;
    return `${place}${tag}${digest === undefined ? "" : `@${digest}`}`;
  }
}
