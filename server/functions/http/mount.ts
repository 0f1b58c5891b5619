import type { HeaderList } from "../../../src/protocol/http.ts";

/** Place of a function on this host, and the URL that its code sees. */
export interface Mount {
  /** Path of the function as clients know it. */
  readonly path: string;
  /** URL of the request as its code sees it. */
  readonly url: string;
  /** True if the code sees paths from its own root. */
  readonly seesRoot: boolean;
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

/** Returns the headers that tell code where it is. They replace those of the same name. */
export function forwardedHeaders({ path, url, seesRoot }: Mount): HeaderList {
  if (!seesRoot) return [];
  const { host, protocol } = new URL(url);
  return [
    ["x-forwarded-host", host],
    ["x-forwarded-prefix", path],
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
