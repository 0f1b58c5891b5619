import { z } from "zod";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { sentRequest } from "../../src/request/sent-request.ts";
import { type Route, route } from "../http/route.ts";

/**
 * `POST /plan`: the grants and refusals of the same request to `POST /execute`. It runs nothing.
 */
export function planRoutes(kernel: Kernel): Route[] {
  return [
    route({
      method: "POST",
      path: "/plan",
      scope: "tenant",
      summary: "Tell what a request would be granted, at every layer",
      tags: ["Executions"],
      body: sentRequest,
      responses: { 200: { description: "The plan; nothing has run", schema: z.looseObject({}) } },
      handler: async ({ body, caller: { tenant }, c }) =>
        c.json(await kernel.plan(body, { tenant })),
    }),
  ];
}
