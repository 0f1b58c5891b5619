import { BadRequest } from "../base/errors.ts";
import { CALLS_GLOBAL } from "../protocol/calls.ts";
import type { ValidRequest } from "../request/types.ts";
import type { Context } from "./plugin.ts";

/**
 * Checks that somebody answers calls to the functions that a request declares, and that no later
 * execution gets their global. `isAnswered` states it of a request that names no endpoint.
 *
 * @throws {BadRequest} if that is not so.
 */
export function assertCallable({ request, calls }: Context, isAnswered = false): void {
  const { functions, functionsEndpoint, reuse } = request;
  if (functions === undefined) {
    if (functionsEndpoint === undefined) return;
    throw new BadRequest("functionsEndpoint", "functionsEndpoint: Only with functions");
  }
  if (reuse === "code") {
    throw new BadRequest("reuse", 'reuse: Not "code" with functions, which serve one execution');
  }
  if (calls !== undefined || functionsEndpoint !== undefined || isAnswered) return;
  const message =
    "functions: Only with Accept: text/event-stream, whose reader answers the calls, over MCP, or with functionsEndpoint";
  throw new BadRequest("functions", message);
}

/**
 * Checks that no tool of a request has the name by which code calls functions.
 *
 * @throws {BadRequest} if one has.
 */
export function assertNamesApart({ functions, tools }: ValidRequest): void {
  if (functions === undefined || !tools.includes(CALLS_GLOBAL)) return;
  const message = `functions: The tool "${CALLS_GLOBAL}" has the name by which code calls them`;
  throw new BadRequest("functions", message);
}
