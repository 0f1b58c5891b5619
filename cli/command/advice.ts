import { IsolateClientError } from "../../src/client/errors.ts";

/** Codes of Node that tell that nothing answers at an address. */
const UNREACHED = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** Returns what to do about an error, where that is known. */
export function adviceFor(error: unknown, env: NodeJS.ProcessEnv): string | undefined {
  if (error instanceof IsolateClientError) return adviceForAnswer(error, env);
  if (!(error instanceof TypeError)) return undefined;
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  if (typeof code !== "string" || !UNREACHED.has(code)) return undefined;
  return "No server answers there: start one with `isolate start`, or name its URL by --url, ISOLATE_URL or `isolate login`";
}

function adviceForAnswer({ status, code, retryAfter }: IsolateClientError, env: NodeJS.ProcessEnv) {
  if (code === "UNKNOWN")
    return "That is no answer of Isolate: see that the URL leads to its server";
  if (status === 401) {
    return env.ISOLATE_KEY === undefined
      ? "The server wants a key: `isolate login` keeps one, or set ISOLATE_KEY"
      : "See that ISOLATE_KEY is a key of this server, and not revoked";
  }
  if (code === "WRONG_SCOPE") {
    return "This needs another key: the operator's for tenants, a tenant's with the right scope for the rest";
  }
  if (code === "PERMISSION_REFUSED" || code === "TENANT_LIMIT") {
    return "`isolate plan` shows what may be had; the operator can allow more";
  }
  if (status === 429 || status === 503) {
    return retryAfter === undefined ? "Try again later" : `Try again in ${retryAfter} s`;
  }
  return undefined;
}
