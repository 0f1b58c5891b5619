import type { Context } from "hono";
import type { Kernel } from "../../src/kernel.ts";
import type { ExecuteRequest } from "../../src/types.ts";
import { readJson } from "../body.ts";
import { BodyBudget } from "../body-budget.ts";

/** Bodies of the largest size that are in memory at once; of smaller ones, more. */
const BODIES_AT_ONCE = 16;

/** `POST /execute`: runs code once and answers with its output, 200 whatever the code did. */
export function executeRoute(kernel: Kernel, maxBody: number) {
  const budget = new BodyBudget(maxBody * BODIES_AT_ONCE);
  return async function execute(c: Context): Promise<Response> {
    const { raw } = c.req;
    const announced = Number(raw.headers.get("content-length") ?? maxBody);
    return budget.hold(Math.min(announced, maxBody), async () => {
      const body = await readJson(raw, maxBody);
      // The kernel's guard takes nothing of the body for granted, whatever its type says.
      return c.json(await kernel.execute(body as ExecuteRequest, raw.signal));
    });
  };
}
