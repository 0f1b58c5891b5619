import { setMaxListeners } from "node:events";
import pLimit from "p-limit";
import { Aborted, PayloadTooLarge } from "../../src/base/errors.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { problemResponse } from "../errors/problem.ts";
import type { BodyShare } from "../http/body/budget.ts";
import { answerOf, answerText } from "../runs/answer.ts";
import type { ExecutionContext, Runs } from "../runs/runs.ts";

export interface Batch extends Pick<ExecutionContext, "caller" | "requestId" | "signal"> {
  readonly requests: readonly ExecuteRequest[];
  /** Counts the bytes of its answers among those of all batches. Throws `HostBusy` if there is no room. */
  readonly share: Pick<BodyShare, "add">;
  /** Told of our own failures. */
  readonly onError: (error: unknown, requestId: string) => void;
}

export interface BatchAnswer {
  /** `{"results": […]}` as JSON: an answer or an error for each, in their order. */
  readonly text: string;
  /** Whether none was refused for what other batches hold: that is over in a while. */
  readonly isWhole: boolean;
}

/** Executions of one batch at once; a tenant's own limit may be less. */
const AT_ONCE = 16;
/** Bytes of all answers: beyond that, what has not begun is not run. */
export const MAX_ANSWERS = 33_554_432;
/** Characters of an answer that is not refused for what other batches hold. */
const SMALL = 4_096;

/** Runs each request as if it had come alone. Rejects with `Aborted` only. */
export async function runBatch(runs: Runs, batch: Batch): Promise<BatchAnswer> {
  const { caller, requestId, signal, requests, share, onError } = batch;
  const limit = pLimit(Math.max(1, Math.min(AT_ONCE, caller.limits.concurrency)));
  // Each of those that run listens to it.
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
  const run = async (request: ExecuteRequest): Promise<string> => {
    if (signal?.aborted) throw new Aborted();
    if (bytes > MAX_ANSWERS) throw tooLarge();
    // Room that is used up already has none for an answer either.
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
