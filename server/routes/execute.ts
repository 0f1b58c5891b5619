import { callback } from "../../src/contract/executions.ts";
import { sentRequest } from "../../src/request/sent-request.ts";
import { WAYS_PROBLEMS, WAYS_RESPONSES } from "../http/answer-schema.ts";
import { waysHeaders } from "../http/mode-headers.ts";
import { type Route, route } from "../http/route.ts";
import type { ReplyModes } from "../replies/reply-modes.ts";

/** `POST /execute`: runs code once. Answers 200 with its output, whatever the code did. */
export function executeRoutes(replyModes: ReplyModes): Route[] {
  return [
    route({
      method: "POST",
      path: "/execute",
      scope: "tenant",
      needs: "execute",
      summary: "Run code once",
      examples: {
        double: {
          summary: "Double a number",
          value: { code: "export default (x) => x * 2", input: 21 },
        },
        log: {
          summary: "Write a log entry",
          value: { code: "export default () => { console.log('hello') }" },
        },
        fetch: {
          summary: "Reach one host",
          value: {
            code: "export default async () => (await fetch('https://example.com')).status",
            permissions: { net: ["example.com"] },
          },
        },
        files: {
          summary: "Read a file, and leave one",
          value: {
            code: "export default () => Deno.copyFileSync('/tmp/in/data.csv', '/tmp/out/copy.csv')",
            files: { "data.csv": "a,b" },
            artifacts: ["*.csv"],
          },
        },
      },
      problems: WAYS_PROBLEMS,
      tags: ["Executions"],
      headers: waysHeaders,
      body: sentRequest.extend({ callback }).meta({ id: "RunRequest" }),
      responses: WAYS_RESPONSES,
      handler: ({ body, ...input }) => {
        const { callback, ...request } = body;
        const identity = { route: "POST /execute", body };
        const wanted = { request, callback, identity };
        return replyModes.respond({ ...wanted, via: "execute" }, input);
      },
    }),
  ];
}
