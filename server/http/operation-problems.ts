import { PROBLEMS } from "../errors/error-shape.ts";
import type { Route } from "./route.ts";

type Problems = Readonly<Record<number, readonly string[]>>;

const OF_A_KEY: Problems = {
  401: ["UNAUTHORIZED", "KEY_EXPIRED"],
  403: ["WRONG_SCOPE"],
};
const OF_A_TENANT: Problems = {
  403: ["TENANT_SUSPENDED"],
  429: ["ANSWERS_UNREAD", "RATE_LIMIT"],
  503: ["STORE_UNAVAILABLE"],
};
const OF_A_BODY: Problems = {
  400: ["BAD_REQUEST"],
  408: ["BODY_TIMEOUT"],
  413: ["PAYLOAD_TOO_LARGE"],
  415: ["UNSUPPORTED_MEDIA_TYPE"],
  503: ["HOST_BUSY"],
};

/** Codes for objects that do not exist, by the end of a path that names them. */
const NOT_FOUND: Readonly<Record<string, string>> = {
  "executions/{id}": "EXECUTION_NOT_FOUND",
  "functions/{name}": "FUNCTION_NOT_FOUND",
  "versions/{version}": "FUNCTION_NOT_FOUND",
  "schedules/{id}": "SCHEDULE_NOT_FOUND",
  "hosts/{host}": "HOST_NOT_FOUND",
  "jobs/{id}": "JOB_NOT_FOUND",
  "keys/{keyId}": "KEY_NOT_FOUND",
  "packages/{set}": "PACKAGES_NOT_FOUND",
  "secrets/{name}": "SECRET_NOT_FOUND",
  "tenants/{id}": "TENANT_NOT_FOUND",
};

/** Lists the codes of the errors that a route is known to answer with, by status. */
export function problemsOf(route: Route): Problems {
  const { scope, params, query, errors = PROBLEMS, problems = {} } = route;
  // Other shapes of errors have codes of their own, or none.
  if (errors !== PROBLEMS) return {};
  const sources = [
    problems,
    missing(route),
    ...(scope === "none" ? [] : [OF_A_KEY]),
    ...(scope === "tenant" ? [OF_A_TENANT] : []),
    ...(route.body === undefined ? [] : [OF_A_BODY]),
    ...(params === undefined && query === undefined ? [] : [{ 400: ["BAD_REQUEST"] }]),
  ];
  const codes = new Map<string, Set<string>>();
  for (const [status, more] of sources.flatMap((source) => Object.entries(source))) {
    codes.set(status, new Set([...(codes.get(status) ?? []), ...more]));
  }
  return Object.fromEntries([...codes].map(([status, all]) => [status, [...all]]));
}

/** Lists the codes for the objects of a path that have to exist; what `PUT` writes need not. */
function missing({ method, path }: Route): Problems {
  const codes = Object.entries(NOT_FOUND).flatMap(([place, code]) => {
    const at = path.indexOf(`/${place}`);
    const isWritten = method === "PUT" && path.endsWith(`/${place}`);
    return at === -1 || isWritten ? [] : [code];
  });
  return codes.length === 0 ? {} : { 404: codes };
}
