import { clip } from "../../protocol/limits.ts";
import { LocatorError } from "../base/resourcex-errors.ts";

/** Tag of a locator without one. It means the newest version of the name. */
export const LATEST = "latest";
export const MAX_CHARACTERS = 256;

/** Control characters, backslashes, and what shells give a meaning to. */
const FORBIDDEN = /[\0-\x1f\x7f\\;|&$`]/;
const DIGEST = /^sha256:[\da-f]{64}$/;
/** Any digits: those that are no port are refused later, and are no part of a path. */
const PORT = /:\d+$/;

/** An identifier: the parts of a locator of today, `[registry/][path/]name[:tag][@digest]`. */
export interface RXI {
  /** Host, with its port if it has one. */
  readonly registry?: string;
  /** Text between registry and name, including its inner slashes. */
  readonly path?: string;
  readonly name: string;
  readonly tag: string;
  /** Digest that the archive must have. */
  readonly digest?: string;
}

/**
 * Splits a locator of today into its parts. A name may have dots here: a type is no part of it.
 *
 * @throws {LocatorError} For a text that is no such locator, or may not become a path.
 *
 * @example
 * const { registry, path, name, tag } = parseRXI("x.org/team/hello:1.0.0");
 * [registry, path, name, tag] // ["x.org", "team", "hello", "1.0.0"]
 */
export function parseRXI(text: string): RXI {
  assertHarmless(text);
  const [rest, digest] = splitAt(text, text.indexOf("@"));
  const slash = rest.lastIndexOf("/");
  const last = rest.slice(slash + 1);
  const [name, tag = LATEST] = splitAt(last, last.lastIndexOf(":"));
  if (digest !== undefined && !DIGEST.test(digest)) {
    const isBoth = last.includes(":") && !digest.startsWith("sha256:");
    const mixed =
      "it has a tag and a version, so it is of two forms: name:tag and name.type@version";
    throw invalid(
      text,
      isBoth ? mixed : `what follows its "@" is no digest, sha256:<64 hex digits>`,
    );
  }
  if (name === "") throw invalid(text, "it has no name");
  if (tag === "") throw invalid(text, "its tag is empty");
  if (name.includes(":")) throw invalid(text, "its name has a colon");
  return {
    ...(slash >= 0 && placeOf(rest.slice(0, slash))),
    name,
    tag,
    ...(digest !== undefined && { digest }),
  };
}

/**
 * Returns the locator of an identifier. The tag `latest` is left out, unless the name has a dot:
 * `name.type` is of the other form.
 */
export function formatRXI({ registry, path, name, tag, digest }: RXI): string {
  const place = [registry, path, name].filter((part) => part !== undefined).join("/");
  const shown = tag === LATEST && !name.includes(".") ? "" : `:${tag}`;
  return `${place}${shown}${digest === undefined ? "" : `@${digest}`}`;
}

/** Tests for a digest, `sha256:` with 64 hexadecimal digits in lower case. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && DIGEST.test(value);
}

/** Tests whether the first part of a locator is a host: it has a dot or a port. */
export function isRegistry(part: string): boolean {
  return part === "localhost" || part.includes(".") || PORT.test(part);
}

/** Makes the error for a text that is no locator. It shows no more than the beginning. */
export function invalid(text: string, why: string): LocatorError {
  return new LocatorError(`Invalid locator ${JSON.stringify(clip(String(text), 80))}: ${why}`);
}

/** Splits a text before and after the character at an index; the second part is absent for -1. */
export function splitAt(text: string, index: number): [string, string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** Splits the text before a name into registry and path. */
export function placeOf(text: string): { registry?: string; path?: string } {
  const [first = "", ...others] = text.split("/");
  if (!isRegistry(first)) return { path: text };
  return { registry: first, ...(others.length > 0 && { path: others.join("/") }) };
}

function assertHarmless(text: string): void {
  if (typeof text !== "string") throw invalid(text, "it is not a string");
  if (text.length > MAX_CHARACTERS) {
    throw invalid(text, `it has more than ${MAX_CHARACTERS} characters`);
  }
  // Every half of a surrogate pair would become the same replacement character.
  if (!text.isWellFormed()) throw invalid(text, "it is not well-formed Unicode");
  for (const spelling of [text, decoded(text)]) {
    if (spelling.startsWith("/")) throw invalid(text, "it begins with a slash");
    if (spelling.includes("..")) throw invalid(text, `it has ".." in it`);
    if (FORBIDDEN.test(spelling)) throw invalid(text, "it has a forbidden character");
  }
}

/** Decodes a text as a part of a URL, since others may read it as one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
