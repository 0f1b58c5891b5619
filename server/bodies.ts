import { readBytes, readJson } from "./body.ts";
import { BodyBudget, type Hold } from "./body-budget.ts";

/** Bodies of the largest size that are in memory at once; of smaller ones, more. */
const BODIES_AT_ONCE = 16;

/** As `WithBody`, for a body of any kind. */
export type WithBytes = <T>(
  request: Request,
  work: (body: Uint8Array, hold: Hold) => Promise<T>,
  most?: number,
) => Promise<T>;

/**
 * Reads a request's body as JSON and holds it for as long as `work` takes. `most` is a limit in bytes
 * that this request has beside everybody's.
 */
export type WithBody = <T>(
  request: Request,
  work: (body: unknown, hold: Hold) => Promise<T>,
  most?: number,
) => Promise<T>;

/** The bodies of all routes together, each of `maxBody` bytes at most. */
export function bodies(maxBody: number): { withBody: WithBody; withBytes: WithBytes } {
  const budget = new BodyBudget(maxBody * BODIES_AT_ONCE);
  const reading =
    <B>(read: (request: Request, limit: number) => Promise<B>) =>
    <T>(request: Request, work: (body: B, hold: Hold) => Promise<T>, most = maxBody) => {
      const limit = Math.min(most, maxBody);
      const announced = Number(request.headers.get("content-length") ?? limit);
      return budget.hold(Math.min(announced, limit), async (hold) =>
        work(await read(request, limit), hold),
      );
    };
  return { withBody: reading(readJson), withBytes: reading(readBytes) };
}
