import type { Context } from "hono";
import type { Kernel } from "../../src/kernel.ts";
import type { ExecuteRequest } from "../../src/types.ts";
import type { WithBody } from "../bodies.ts";

/** `POST /execute`: runs code once and answers with its output, 200 whatever the code did. */
export function executeRoute(kernel: Kernel, withBody: WithBody) {
  return function execute(c: Context): Promise<Response> {
    const { raw } = c.req;
    // The kernel's guard takes nothing of the body for granted, whatever its type says.
    return withBody(raw, async (body) =>
      c.json(await kernel.execute(body as ExecuteRequest, raw.signal)),
    );
  };
}
