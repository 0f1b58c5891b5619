import type { FunctionVersion } from "../store/contract/functions.ts";

type Kept = Pick<FunctionVersion, "kind" | "request">;

/** Field of a kept request that is not the execution's: the server itself reads it. */
const STRIP_PREFIX = "stripPrefix";

/** Adds the field to the request of an HTTP function, before it is kept. */
export function withStripPrefix(
  { kind, request }: Kept,
  stripPrefix = true,
): FunctionVersion["request"] {
  return kind === "http" ? { ...request, [STRIP_PREFIX]: stripPrefix } : request;
}

/**
 * Tells whether an HTTP function's code sees paths from its own root. A version from before there was a
 * choice goes on to see the whole path.
 */
export function seesRoot({ request }: Pick<Kept, "request">): boolean {
  return request[STRIP_PREFIX] === true;
}

/** Returns the execution's part of a kept request. */
export function executionOf({ request }: Pick<Kept, "request">): FunctionVersion["request"] {
  const { [STRIP_PREFIX]: _read, ...execution } = request;
  return execution;
}
