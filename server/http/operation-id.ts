import type { Method } from "./route.ts";

/** Verbs of methods on one object. */
const VERBS: Readonly<Record<string, string>> = {
  get: "get",
  post: "create",
  put: "put",
  patch: "update",
  delete: "delete",
};

/**
 * Derives the name of an operation from its method and path, for generated clients.
 *
 * @example
 * operationIdOf("GET", "/functions/{name}/versions") // "listFunctionVersions"
 * @example
 * operationIdOf("POST", "/functions/{name}/invoke") // "invokeFunction"
 */
export function operationIdOf(method: Method, path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== "admin");
  const words = segments.flatMap((segment, index) => {
    if (isParameter(segment)) return [];
    const next = segments[index + 1];
    return [next !== undefined && isParameter(next) ? singular(segment) : segment];
  });
  const verb = VERBS[method.toLowerCase()] ?? "call";
  const last = segments.at(-1) ?? "";
  if (isParameter(last)) return joined([verb, ...words]);
  const isMany = last.endsWith("s");
  if (method === "GET") return joined([isMany ? "list" : verb, ...words]);
  const above = words.slice(0, -1);
  if (method === "POST" && !isMany) return joined([last, ...above]);
  return joined([verb, ...above, singular(last)]);
}

function isParameter(segment: string): boolean {
  return segment.startsWith("{") || segment === "*";
}

function singular(word: string): string {
  return word.replace(/s$/, "");
}

function joined(words: readonly string[]): string {
  const [first = "", ...others] = words.flatMap((word) => word.split(/\W+/)).filter(Boolean);
  return first + others.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
