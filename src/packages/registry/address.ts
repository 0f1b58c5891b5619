import type { OperatorRules } from "../../destinations/admit.ts";
import {
  accepted,
  type Destination,
  formatDestination,
  parseHost,
} from "../../destinations/host.ts";

/** The one origin of a registry, as the operator names it. */
export interface RegistryAddress {
  readonly url: URL;
  readonly destination: Destination;
  /** Rules for its addresses: they may be private ones, but never those of a cloud's metadata. */
  readonly operatorRules: OperatorRules;
}

/**
 * Reads the URL of a registry.
 *
 * @throws {Error} for any other text.
 */
export function registryAddress(text: string, operatorRules: OperatorRules): RegistryAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === undefined || !isHttp) throw new Error("The registry of packages has no http(s) URL");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new Error("The URL of the registry of packages has more than a host and a path");
  }
  url.pathname = url.pathname.replace(/\/*$/, "/");
  const host = accepted(() => parseHost(url.hostname));
  if (host === undefined) throw new Error("The URL of the registry of packages has no valid host");
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const destination = { host, port };
  const privateDestinations = new Set([
    ...operatorRules.privateDestinations,
    formatDestination(destination),
  ]);
  return { url, destination, operatorRules: { ...operatorRules, privateDestinations } };
}

/**
 * Returns the path of a tarball below a registry, for the URL that a document gives. The host is the registry's,
 * whatever the URL says. Returns nothing for a URL whose path a registry may read as another one.
 */
export function tarballPath(
  { url }: Pick<RegistryAddress, "url">,
  text: string,
): string | undefined {
  // The path of another scheme has no slash at its begin, and would go on with the registry's host.
  if (!URL.canParse(text) || !/^https?:/i.test(text)) return undefined;
  const { pathname, search } = new URL(text);
  if (!isPlain(decoded(pathname))) return undefined;
  const isBelow = pathname.startsWith(url.pathname);
  return `${isBelow ? pathname.slice(url.pathname.length - 1) : pathname}${search}`;
}

/** Tells whether the path of a tarball has the name of its package in it, and no other scope before that. */
export function isTarballOf(path: string, name: string): boolean {
  const [pathname = ""] = path.split("?");
  const before = decoded(pathname).split(`/${name}/`);
  const [first = ""] = before;
  return before.length > 1 && !first.slice(first.lastIndexOf("/") + 1).startsWith("@");
}

/** Tells whether a decoded path has no part that leads elsewhere, and none that is to be decoded once more. */
function isPlain(path: string): boolean {
  const names = path.split("/");
  return (
    path.startsWith("/") &&
    !names.some((name) => name === "." || name === "..") &&
    !UNUSUAL.test(path)
  );
}

const UNUSUAL = /[\\\0-\x1f\x7f]|%[0-9a-f]{2}/i;

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
