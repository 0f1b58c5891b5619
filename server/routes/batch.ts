import { z } from "zod";
import { answer } from "../../src/contract/executions.ts";
import { sentRequest } from "../../src/request/sent-request.ts";
import { PROBLEMS } from "../errors/error-shape.ts";
import { WAYS_PROBLEMS } from "../http/answer-schema.ts";
import { bodyOwner } from "../http/body/bodies.ts";
import { BodyBudget } from "../http/body/budget.ts";
import { waysHeaders } from "../http/mode-headers.ts";
import { type Route, route } from "../http/route.ts";
import { MAX_ANSWERS, runBatch } from "../replies/batch.ts";
import { batchMember, Malformed } from "../replies/batch-member.ts";
import type { ReplyModes } from "../replies/reply-modes.ts";
import { replayOf, responseOf, textAnswer } from "../replies/stored-answer.ts";
import type { Runs } from "../runs/runs.ts";

const MOST = 100;
/** Largest batch answers in memory at once. A tenant may use at most as much as it leaves free. */
const BATCHES_AT_ONCE = 4;

const bodyOf = <T extends z.ZodType>(member: T) =>
  z.strictObject({ requests: z.array(member).min(1).max(MOST) });

export interface BatchParts {
  readonly runs: Runs;
  readonly replyModes: ReplyModes;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** `POST /execute/batch`: runs several requests in parallel, each as if it came alone. */
export function batchRoutes({ runs, replyModes, onError }: BatchParts): Route[] {
  const answers = new BodyBudget(MAX_ANSWERS * BATCHES_AT_ONCE);
  return [
    route({
      method: "POST",
      path: "/execute/batch",
      scope: "tenant",
      needs: "execute",
      summary: "Run several pieces of code",
      operationId: "executeBatch",
      examples: {
        two: {
          summary: "Two at once",
          value: {
            requests: [
              { code: "export default (x) => x * 2", input: 21 },
              { code: "export default () => 'hello'" },
            ],
          },
        },
      },
      problems: WAYS_PROBLEMS,
      tags: ["Executions"],
      headers: waysHeaders.pick({ "idempotency-key": true }),
      body: bodyOf(batchMember),
      contractBody: bodyOf(sentRequest),
      responses: {
        200: {
          description: "An answer or an error for each request, in their order",
          schema: z.object({ results: z.array(z.union([answer, PROBLEMS.schema])) }),
        },
      },
      handler: async ({ body, ...input }) => {
        const { caller, requestId } = input;
        const requests = body.requests.map((request, index) =>
          request instanceof Malformed ? request.at(index) : request,
        );
        const identity = { route: "POST /execute/batch", body };
        const entry = await replyModes.once(identity, input, requests.length);
        if (entry !== undefined && "replay" in entry) return replayOf(entry.replay);
        const signal = entry === undefined ? input.signal : undefined;
        // Answers stay in memory until the slowest member ends and until they are written.
        return answers.share(async (share) => {
          const batch = { caller, requestId, signal, requests, share, onError };
          let isWhole = true;
          const work = async () => {
            const done = await runBatch(runs, batch);
            isWhole = done.isWhole;
            return textAnswer(200, done.text);
          };
          // An answer that says "retry" is not stored, because every retry would get it again.
          const once = entry === undefined ? work() : entry.first(work, () => isWhole);
          return responseOf(await once, input);
        }, bodyOwner(caller));
      },
    }),
  ];
}
