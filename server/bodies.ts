import type { Caller } from "./api/auth.ts";
import { readBytes, readJson } from "./body.ts";
import { BodyBudget, type Hold } from "./body-budget.ts";
import { NO_LIMITS } from "./tenants/limits.ts";

/** Bodies of the largest size that are in memory at once; of smaller ones, more. */
const BODIES_AT_ONCE = 16;

/** As `WithBody`, for a body of any kind. */
export type WithBytes = <T>(
  request: Request,
  work: (body: Uint8Array, hold: Hold) => Promise<T>,
  caller?: Caller,
) => Promise<T>;

/**
 * Reads a request's body as JSON and holds it for as long as `work` takes, within the limits of its
 * caller.
 */
export type WithBody = <T>(
  request: Request,
  work: (body: unknown, hold: Hold) => Promise<T>,
  caller?: Caller,
) => Promise<T>;

/** The bodies of all routes together, each of `maxBody` bytes at most. */
export function bodies(maxBody: number): { withBody: WithBody; withBytes: WithBytes } {
  const budget = new BodyBudget(maxBody * BODIES_AT_ONCE);
  const reading =
    <B>(read: (request: Request, limit: number) => Promise<B>) =>
    <T>(request: Request, work: (body: B, hold: Hold) => Promise<T>, caller?: Caller) => {
      const limit = Math.min(caller?.limits.bodyBytes ?? maxBody, maxBody);
      const announced = Number(request.headers.get("content-length") ?? limit);
      return budget.hold(
        Math.min(announced, limit),
        async (hold) => work(await read(request, limit), hold),
        ownerOf(caller),
      );
    };
  return { withBody: reading(readJson), withBytes: reading(readBytes) };
}

/** Whose share of what all bodies may take a body of this caller's is. */
export function ownerOf(caller: Caller | undefined): string | undefined {
  return caller?.limits === NO_LIMITS ? undefined : caller?.tenant.id;
}
