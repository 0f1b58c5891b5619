import { z } from "zod";
import type { ExecuteRequest } from "../../src/types.ts";
import { answer } from "../api/answer.ts";
import { PROBLEMS } from "../api/errors.ts";
import { executeRequest } from "../api/execute-request.ts";
import { type Route, route } from "../api/route.ts";
import { waysHeaders } from "../api/ways-headers.ts";
import { runBatch } from "../runs/batch.ts";
import type { Runs } from "../runs/runs.ts";
import { responseOf } from "../runs/stored-answer.ts";
import type { Ways } from "../runs/ways.ts";

const MOST = 100;

export interface BatchParts {
  readonly runs: Runs;
  readonly ways: Ways;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** `POST /execute/batch`: runs requests side by side, each as if it had come alone. */
export function batchRoutes({ runs, ways, onError }: BatchParts): Route[] {
  return [
    route({
      method: "POST",
      path: "/execute/batch",
      scope: "tenant",
      summary: "Run several pieces of code",
      tags: ["Executions"],
      headers: waysHeaders.pick({ "idempotency-key": true }),
      body: z.strictObject({ requests: z.array(executeRequest).min(1).max(MOST) }),
      responses: {
        200: {
          description: "An answer or an error for each request, in their order",
          schema: z.object({ results: z.array(z.union([answer, PROBLEMS.schema])) }),
        },
      },
      handler: async ({ body, ...input }) => {
        const { caller, requestId } = input;
        const requests = body.requests as ExecuteRequest[];
        const identity = { route: "POST /execute/batch", body };
        const entry = await ways.once(identity, input, requests.length);
        if (entry !== undefined && "replay" in entry) return responseOf(entry.replay, input, true);
        const signal = entry === undefined ? input.signal : undefined;
        const work = async () => ({
          status: 200,
          contentType: "application/json",
          body: await runBatch(runs, { caller, requestId, signal, requests, onError }),
        });
        return responseOf(await (entry === undefined ? work() : entry.first(work)), input);
      },
    }),
  ];
}
