import type { ExecuteRequest } from "../../src/request/types.ts";
import { WAYS_RESPONSES } from "../http/answer-schema.ts";
import { executeRequest } from "../http/execute-request.ts";
import { callback, waysHeaders } from "../http/mode-headers.ts";
import { type Route, route } from "../http/route.ts";
import type { Ways } from "../replies/reply-modes.ts";

/** `POST /execute`: runs code once and answers with its output, 200 whatever the code did. */
export function executeRoutes(ways: Ways): Route[] {
  return [
    route({
      method: "POST",
      path: "/execute",
      scope: "tenant",
      summary: "Run code once",
      tags: ["Executions"],
      headers: waysHeaders,
      body: executeRequest.extend({ callback }).meta({ id: "RunRequest" }),
      responses: WAYS_RESPONSES,
      handler: ({ body, ...input }) => {
        const { callback, ...request } = body;
        const identity = { route: "POST /execute", body };
        const wanted = { request: request as ExecuteRequest, callback, identity };
        return ways.respond({ ...wanted, via: "execute" }, input);
      },
    }),
  ];
}
