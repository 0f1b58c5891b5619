import { readJson } from "./body.ts";
import { BodyBudget, type Hold } from "./body-budget.ts";

/** Bodies of the largest size that are in memory at once; of smaller ones, more. */
const BODIES_AT_ONCE = 16;

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
export function bodies(maxBody: number): WithBody {
  const budget = new BodyBudget(maxBody * BODIES_AT_ONCE);
  return (request, work, most = maxBody) => {
    const limit = Math.min(most, maxBody);
    const announced = Number(request.headers.get("content-length") ?? limit);
    return budget.hold(Math.min(announced, limit), async (hold) =>
      work(await readJson(request, limit), hold),
    );
  };
}
