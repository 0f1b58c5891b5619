import type { Kernel } from "../../src/kernel.ts";
import type { ExecuteRequest } from "../../src/types.ts";
import { executeRequest } from "../api/execute-request.ts";
import { output } from "../api/output.ts";
import { type Route, route } from "../api/route.ts";

/** `POST /execute`: runs code once and answers with its output, 200 whatever the code did. */
export function executeRoutes(kernel: Kernel): Route[] {
  return [
    route({
      method: "POST",
      path: "/execute",
      scope: "tenant",
      summary: "Run code once",
      tags: ["Executions"],
      body: executeRequest,
      responses: { 200: { description: "How it ended, whatever the code did", schema: output } },
      handler: async ({ body, signal, c }) =>
        c.json(await kernel.execute(body as ExecuteRequest, { signal })),
    }),
  ];
}
