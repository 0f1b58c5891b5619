import type { Context } from "hono";
import type { Kernel } from "../../src/kernel.ts";
import type { ExecuteRequest } from "../../src/types.ts";
import { readJson } from "../body.ts";

/** `POST /execute`: runs code once and answers with its output, 200 whatever the code did. */
export function executeRoute(kernel: Kernel, maxBody: number) {
  return async function execute(c: Context): Promise<Response> {
    const body = await readJson(c.req.raw, maxBody);
    // The kernel's guard takes nothing of the body for granted, whatever its type says.
    const output = await kernel.execute(body as ExecuteRequest, c.req.raw.signal);
    return c.json(output);
  };
}
