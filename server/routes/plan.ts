import type { Context } from "hono";
import type { Kernel } from "../../src/kernel.ts";
import type { ExecuteRequest } from "../../src/types.ts";
import type { WithBody } from "../bodies.ts";

/** `POST /plan`: what `POST /execute` would grant the same request, refusals included; runs nothing. */
export function planRoute(kernel: Kernel, withBody: WithBody) {
  return function plan(c: Context): Promise<Response> {
    return withBody(c.req.raw, async (body) => c.json(await kernel.plan(body as ExecuteRequest)));
  };
}
