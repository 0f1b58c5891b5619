import type { HeaderList } from "../../../src/protocol/http.ts";
import type { Hosted } from "../../http/hosted-name.ts";

/** Place of a function on this host, and the URL that its code sees. */
export interface Mount {
  /** Path of the function as clients know it. */
  readonly path: string;
  /** URL of the request as its code sees it. */
  readonly url: string;
  /** True if the code sees paths from its own root. */
  readonly seesRoot: boolean;
  /** True if the host is the tenant's own, whose pages share nothing with those of others. */
  readonly isOwnHost?: boolean;
}

/** Segments of `/f/{tenant}/{name}`, with the empty one in front. */
const OWN_SEGMENTS = 4;

/**
 * Places a function. `asked` is the URL of the request; `publicUrl` is that of this server, whose
 * path is in front of this server's own.
 */
export function mountOf(
  { tenant, name }: { readonly tenant: string; readonly name: string },
  asked: string,
  publicUrl: string | undefined,
  seesRoot: boolean,
): Mount {
  const { pathname, search, origin } = new URL(asked);
  const server = publicUrl === undefined ? { origin, pathname: "" } : new URL(publicUrl);
  const prefix = server.pathname.replace(/\/$/, "");
  const rest = `/${pathname.split("/").slice(OWN_SEGMENTS).join("/")}`;
  const path = seesRoot ? rest : `${prefix}${pathname}`;
  return {
    path: `${prefix}/f/${tenant}/${name}`,
    url: `${server.origin}${path}${search}`,
    seesRoot,
  };
}

/**
 * Places a function on a host of its own, or on that of its tenant, below its name. The scheme is
 * that of this server's public URL.
 */
export function hostMountOf(
  { name }: { readonly name: string },
  { authority, function: only }: Hosted,
  { asked, publicUrl }: { readonly asked: string; readonly publicUrl: string | undefined },
  seesRoot: boolean,
): Mount {
  const { pathname, search, protocol } = new URL(asked);
  const scheme = publicUrl === undefined ? protocol : new URL(publicUrl).protocol;
  const base = only === undefined ? `/${name}` : "";
  const path = seesRoot ? `/${pathname.slice(base.length).replace(/^\//, "")}` : pathname;
  const url = `${scheme}//${authority}${path}${search}`;
  return { path: base, url, seesRoot, isOwnHost: true };
}

/** Returns the headers that tell code where it is. They replace those of the same name. */
export function forwardedHeaders({ path, url, seesRoot, isOwnHost }: Mount): HeaderList {
  if (!seesRoot && !isOwnHost) return [];
  const { host, protocol } = new URL(url);
  return [
    ["x-forwarded-host", host],
    ...(seesRoot ? [["x-forwarded-prefix", path] as const] : []),
    ["x-forwarded-proto", protocol.slice(0, -1)],
  ];
}

/**
 * Returns the value of a `Location` or `Content-Location` for clients. A path from the code's own root,
 * or a URL of its own origin, gets the function's path in front.
 */
export function outward(location: string, { path, url, seesRoot }: Mount): string {
  if (!seesRoot || location.startsWith("//")) return location;
  const { origin } = new URL(url);
  if (location.startsWith("/")) return below(path, location);
  const target = /^https?:/i.test(location) && URL.canParse(location) && new URL(location);
  if (!target || target.origin !== origin) return location;
  return origin + below(path, `${target.pathname}${target.search}${target.hash}`);
}

/** Puts a path in front, unless the code has done so by `X-Forwarded-Prefix`. */
function below(path: string, location: string): string {
  const isBelow = location.startsWith(path) && /^([/?#]|$)/.test(location.slice(path.length));
  return isBelow ? location : `${path}${location}`;
}
