import { readFile } from "node:fs/promises";
import { builtPath } from "../../src/base/package-root.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { Route } from "../http/route.ts";
import { assetRoute } from "./asset.ts";

const FILES: readonly [path: string, type: string, file: string][] = [
  ["/", "text/html; charset=utf-8", "page.html"],
  ["/console/console.js", "text/javascript; charset=utf-8", "console.js"],
  ["/console/console.css", "text/css; charset=utf-8", "console.css"],
];

/**
 * `GET /`: the console, a page that uses this API with the key that is typed into it. Clients that do not
 * ask for HTML are told, as at other paths without a route, that there is nothing.
 */
export function consoleRoutes(): Route[] {
  return FILES.map(([path, type, file]) =>
    assetRoute({
      path,
      type,
      summary: path === "/" ? "The console, for browsers" : "A part of the console",
      tag: "Console",
      read: () => readFile(builtPath("console", file)).catch(notBuilt(path)),
      ...(path === "/" && { assertWanted: assertHtml }),
    }),
  );
}

function assertHtml(accept: string): void {
  if (!/\btext\/html\b/i.test(accept)) throw nothingAt("/");
}

/** Handles a file that is missing, in an installation whose build had no packages for the page. */
function notBuilt(path: string) {
  return (error: NodeJS.ErrnoException): never => {
    throw error.code === "ENOENT" ? nothingAt(path) : error;
  };
}

function nothingAt(path: string): HttpProblem {
  const message = `There is no ${path}; GET /docs lists all there are`;
  return new HttpProblem(404, "NotFound", "NOT_FOUND", message);
}
