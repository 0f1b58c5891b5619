import { accepted, cutPort, parseHost, parsePort } from "../../destinations/host.ts";
import { LocatorError } from "../base/resourcex-errors.ts";
import { invalid, isRegistry, LATEST, MAX_CHARACTERS, parseRXI, type RXI } from "./identifier.ts";
import { formOf, parseRXL, type RXL, taggedLocator } from "./locator.ts";
import type { RXM } from "./manifest.ts";

export const LOCAL_DOMAIN = "localhost";
export const MANIFEST_FILE = "manifest.json";
export const ARCHIVE_FILE = "archive.tar.gz";

/** Most bytes that file systems allow for one name. */
const MAX_SEGMENT_BYTES = 255;
/** Port that registries are asked at anyway. */
const IMPLIED_PORT = 443;
const FORBIDDEN = /[\0-\x1f\x7f\\]/;

/** A locator with a domain. It may become a path in the storage and part of a request. */
export interface StorableRXL extends RXL {
  readonly domain: string;
}

/**
 * Parses a locator of either form and adds the default domain.
 *
 * @throws {LocatorError} For an empty part, for `.` or `..` as a part, or for over 256 characters.
 * Also for a control character or a backslash, and for a locator of both forms.
 */
export function toStorable(text: string): StorableRXL {
  if (typeof text !== "string") throw invalid(text, "it is not a string");
  if (text.length > MAX_CHARACTERS) {
    throw invalid(text, `it has more than ${MAX_CHARACTERS} characters`);
  }
  if (FORBIDDEN.test(text)) throw invalid(text, "it has a control character or a backslash");
  // Every half of a surrogate pair would become the same replacement character.
  if (!text.isWellFormed()) throw invalid(text, "it is not well-formed Unicode");
  if (formOf(text) !== "typed") return storableOfRXI(parseRXI(text), text);
  const given = parseRXL(text);
  // In a name without a domain, slashes separate a path at localhost.
  const locator = given.domain === undefined ? parseRXL(`${LOCAL_DOMAIN}/${text}`) : given;
  const { type, version } = locator;
  if (type === "") throw invalid(text, "its type is empty");
  if (version?.includes("/")) throw invalid(text, "its version has a slash");
  // A registry that took a digest for a version would check nothing.
  if (version?.startsWith("sha256:")) {
    const forms = "name:tag@digest and name.type@version";
    throw invalid(text, `it has a digest and perhaps a type, so it is of two forms: ${forms}`);
  }
  return assertPlace(locator, text);
}

/** Parses a text of the storage. Returns `undefined` for one that is no locator. */
export function storableOfText(text: string): StorableRXL | undefined {
  try {
    return toStorable(text);
  } catch (error) {
    if (error instanceof LocatorError) return undefined;
    throw error;
  }
}

/**
 * Makes the locator of an identifier, without the version for the tag `latest`.
 *
 * @throws {LocatorError} For a part that cannot be a directory.
 */
export function storableOfRXI(
  { registry, path, name, tag, digest }: RXI,
  text = name,
): StorableRXL {
  const locator = taggedLocator({
    domain: registry ?? LOCAL_DOMAIN,
    ...(path !== undefined && { path }),
    name,
    ...(tag !== LATEST && { version: tag }),
    ...(digest !== undefined && { digest }),
  });
  return assertPlace(locator, text);
}

/** Returns the identifier of a locator or a manifest. Its type is left out. */
export function identifierOf({ domain = LOCAL_DOMAIN, path, name, version, digest }: RXL): RXI {
  // Without a registry, a path that looks like one would be taken for it.
  const isImplied = domain === LOCAL_DOMAIN && !isRegistry(path?.split("/")[0] ?? "");
  return {
    ...(!isImplied && { registry: domain }),
    ...(path !== undefined && { path }),
    name,
    tag: version ?? LATEST,
    ...(digest !== undefined && { digest }),
  };
}

function assertPlace(locator: RXL, text: string): StorableRXL {
  const { domain = "", name } = locator;
  assertDomain(domain, text);
  if (name === "" || name === "." || name === "..") throw invalid(text, "it has no name");
  const segments = storageSegments(locator);
  for (const segment of segments) {
    if (segment === "" || segment === "." || segment === "..") {
      throw invalid(text, `it has "${segment}" as a part`);
    }
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      throw invalid(text, "a part of it is too long");
    }
  }
  if (segments.some(takesTheFile)) {
    throw invalid(text, "it is in the way of another resource's files");
  }
  return locator as StorableRXL;
}

/** Refuses other spellings of a host, because each spelling would be a domain of its own. */
function assertDomain(domain: string, text: string): void {
  const { host, port } = cutPort(domain);
  // Colons of an IPv6 address would be in the names of directories.
  if (host.startsWith("[") || accepted(() => parseHost(host)) === undefined) {
    throw invalid(text, "its domain is not a host name");
  }
  if (port === undefined) return;
  const number = accepted(() => parsePort(port));
  if (number === undefined) throw invalid(text, "its port is not a number from 1 to 65535");
  if (number === IMPLIED_PORT) {
    throw invalid(text, `its port is ${IMPLIED_PORT}, which goes without saying: leave it out`);
  }
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
