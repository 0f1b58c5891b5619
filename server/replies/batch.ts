import { setMaxListeners } from "node:events";
import pLimit from "p-limit";
import { Aborted, BadRequest, PayloadTooLarge } from "../../src/base/errors.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { problemResponse } from "../errors/problem.ts";
import type { BodyShare } from "../http/body/budget.ts";
import { answerOf, answerText } from "../runs/answer.ts";
import type { ExecutionContext, Runs } from "../runs/runs.ts";

export interface Batch extends Pick<ExecutionContext, "caller" | "requestId" | "signal"> {
  /** Requests, and the errors of those that cannot run. */
  readonly requests: readonly (ExecuteRequest | BadRequest)[];
  /**
   * Counts the bytes of its answers among those of all batches. Throws `HostBusy` if there is no
   * room.
   */
  readonly share: Pick<BodyShare, "add">;
  /** Receives the server's own failures. */
  readonly onError: (error: unknown, requestId: string) => void;
}

export interface BatchAnswer {
  /** JSON `{"results": […]}`: an answer or an error for each request, in their order. */
  readonly text: string;
  /** True if no execution was refused because of other batches' answers, which passes soon. */
  readonly isWhole: boolean;
}

/** Most executions of one batch at once. A tenant's own limit may be lower. */
const AT_ONCE = 16;
/** Most bytes of all answers. Beyond that, no further execution starts. */
export const MAX_ANSWERS = 33_554_432;
/** Most characters of an answer that is never refused because of other batches. */
const SMALL = 4_096;

/** Runs each request as a separate one. Rejects with `Aborted` only. */
export async function runBatch(runs: Runs, batch: Batch): Promise<BatchAnswer> {
  const { caller, requestId, signal, requests, share, onError } = batch;
  const limit = pLimit(Math.max(1, Math.min(AT_ONCE, caller.limits.concurrency)));
  // Every running execution listens to it.
  if (signal !== undefined) setMaxListeners(AT_ONCE + 16, signal);
  let bytes = 0;
  let isWhole = true;
  const count = (more: number): void => {
    try {
      share.add(more);
    } catch (error) {
      isWhole = false;
      throw error;
    }
  };
  const run = async (request: ExecuteRequest | BadRequest): Promise<string> => {
    if (request instanceof BadRequest) throw request;
    if (signal?.aborted) throw new Aborted();
    if (bytes > MAX_ANSWERS) throw tooLarge();
    // Without any room left, no answer would fit either.
    count(0);
    const run = { caller, request, via: "batch", requestId, signal, asText: true } as const;
    const answer = answerText(answerOf(await runs.run(run)));
    bytes += answer.length;
    if (bytes > MAX_ANSWERS) throw tooLarge();
    if (answer.length > SMALL) count(answer.length);
    return answer;
  };
  const problem = async (error: unknown): Promise<string> => {
    if (error instanceof Aborted) throw error;
    const response = problemResponse(error, requestId);
    if (response.status >= 500) onError(error, requestId);
    return response.text();
  };
  const results = requests.map((request) => limit(run, request).catch(problem));
  const text = `{"results":[${(await Promise.all(results)).join(",")}]}`;
  return { text, isWhole };
}

function tooLarge(): PayloadTooLarge {
  const message = `The answers of this batch exceed ${MAX_ANSWERS} bytes; ask for fewer at a time`;
  return new PayloadTooLarge("", message);
}
