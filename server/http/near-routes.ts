import { nearestOf } from "../../src/base/nearest.ts";
import type { Route } from "./route.ts";

type Served = Pick<Route, "method" | "path">;

/** Most routes that a message lists. */
const SHOWN = 4;
/** Most parts of a path that are looked at. */
const PARTS = 8;

/**
 * Tells which routes an unknown path may stand for. They begin with a word of the path, or with one
 * that it differs from by a slip. The most similar ones come first.
 *
 * @example
 * nearRoutes("/v1/exectue", [{ method: "POST", path: "/execute" }]) // "; there is POST /execute"
 */
export function nearRoutes(path: string, routes: readonly Served[]): string {
  const parts = path.split("/", PARTS + 1).slice(1);
  const heads = [...new Set(routes.map(({ path }) => headOf(path)))].filter((head) => head !== "");
  const found = parts.flatMap((part, index) => {
    const head = nearestOf(part, heads);
    return head === undefined ? [] : [{ head, below: parts.slice(index) }];
  });
  // Other programs have all of their routes below `/api`.
  const { head, below } = found.find(({ head }) => head !== "api") ?? found[0] ?? {};
  if (head === undefined || below === undefined) return "; GET /docs lists all there are";
  const candidates = routes
    .filter((route) => headOf(route.path) === head)
    .map((route) => ({ route, score: likeness(below, route.path) }))
    .sort((a, b) => b.score - a.score);
  const shown = candidates.slice(0, SHOWN).map(({ route }) => `${route.method} ${route.path}`);
  return `; there is ${shown.join(", ")}${candidates.length > SHOWN ? ", …" : ""}`;
}

function headOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** Rates how much a path's parts are like a route's. */
function likeness(parts: readonly string[], path: string): number {
  const own = path.split("/").slice(1);
  const alike = own.filter((part, index) => {
    const given = parts[index];
    return given && (part.startsWith("{") || nearestOf(given, [part]) !== undefined);
  });
  return 2 * alike.length - Math.abs(own.length - parts.filter(Boolean).length);
}
