import { clip } from "../../protocol/limits.ts";
import { LocatorError } from "../base/resourcex-errors.ts";
import { parseRXL, type RXL } from "./locator.ts";
import type { RXM } from "./manifest.ts";

export const LOCAL_DOMAIN = "localhost";
export const MANIFEST_FILE = "manifest.json";
export const ARCHIVE_FILE = "archive.tar.gz";

const MAX_CHARACTERS = 256;
/** Most bytes that file systems allow for one name. */
const MAX_SEGMENT_BYTES = 255;
const DOMAIN = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*(?::\d{1,5})?$/i;
const FORBIDDEN = /[\0-\x1f\x7f\\]/;

/** A locator with a domain. It may become a path in the storage and part of a request. */
export interface StorableRXL extends RXL {
  readonly domain: string;
}

/**
 * Parses a locator and adds the default domain.
 *
 * @throws {LocatorError} For an empty part, for `.` or `..` as a part, or for over 256 characters.
 * Also for a control character or a backslash.
 */
export function toStorable(text: string): StorableRXL {
  const refuse = (why: string): never => {
    throw new LocatorError(`Invalid locator ${JSON.stringify(clip(String(text), 80))}: ${why}`);
  };
  if (typeof text !== "string") return refuse("it is not a string");
  if (text.length > MAX_CHARACTERS) return refuse(`it has more than ${MAX_CHARACTERS} characters`);
  if (FORBIDDEN.test(text)) return refuse("it has a control character or a backslash");
  // Every half of a surrogate pair would become the same replacement character.
  if (!text.isWellFormed()) return refuse("it is not well-formed Unicode");
  const given = parseRXL(text);
  // In a name without a domain, slashes separate a path at localhost.
  const locator = given.domain === undefined ? parseRXL(`${LOCAL_DOMAIN}/${text}`) : given;
  const { domain = "", name, type, version } = locator;
  if (!DOMAIN.test(domain)) return refuse("its domain is not a host name");
  if (name === "" || name === "." || name === "..") return refuse("it has no name");
  if (type === "") return refuse("its type is empty");
  if (version?.includes("/")) return refuse("its version has a slash");
  const segments = storageSegments(locator);
  for (const segment of segments) {
    if (segment === "" || segment === "." || segment === "..") {
      return refuse(`it has "${segment}" as a part`);
    }
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return refuse("a part of it is too long");
  }
  if (segments.some(takesTheFile)) return refuse("it is in the way of another resource's files");
  return locator as StorableRXL;
}

/**
 * Returns the locator of a manifest.
 *
 * @throws {LocatorError} If its text is not a storable locator with the same parts.
 */
export function storableOf(manifest: RXM): StorableRXL {
  const locator = toStorable(manifest.toLocator());
  for (const part of ["domain", "path", "name", "type", "version"] as const) {
    if (locator[part] === manifest[part]) continue;
    throw new LocatorError(`The manifest's ${part} cannot be part of a locator`);
  }
  return locator;
}

/** Returns the directories of a resource, from the storage's root. */
export function storageSegments({ domain, path, name, type, version }: RXL): string[] {
  return [
    domain ?? LOCAL_DOMAIN,
    ...(path === undefined ? [] : path.split("/")),
    type === undefined ? name : `${name}.${type}`,
    version ?? "latest",
  ];
}

/** Tests whether a manifest matches a locator. A part that the locator lacks matches anything. */
export function answers(asked: StorableRXL, { domain, path, name, type, version }: RXL): boolean {
  return (
    domain === asked.domain &&
    path === asked.path &&
    name === asked.name &&
    (asked.type === undefined || type === asked.type) &&
    (asked.version === undefined || version === asked.version)
  );
}

/**
 * Tests for a directory with the name of a version's file. Below `a.text/1.0` it would take that
 * file's place.
 */
function takesTheFile(segment: string, index: number, segments: readonly string[]): boolean {
  const isFile = segment === MANIFEST_FILE || segment === ARCHIVE_FILE;
  return isFile && index > 2 && segments[index - 2]?.includes(".") === true;
}
