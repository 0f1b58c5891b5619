import type { DeclaredFunctions } from "../../../src/calls/declaration.ts";
import type { ExecuteRequest } from "../../../src/request/types.ts";
import { answerOf } from "../../runs/answer.ts";
import type { Execution, Runs } from "../../runs/runs.ts";
import type { HeldExecutions } from "../held/held-executions.ts";
import { executionResult } from "../results.ts";
import type { ToolCall, ToolResult } from "../tool.ts";

/** Milliseconds of an execution that waits for its client's answers, if nobody states them. */
const ANSWERED_TIMEOUT = 60_000;

export interface RunningParts {
  readonly runs: Runs;
  readonly held: HeldExecutions;
}

/** Runs code for a tool. If the client answers its calls, they may be the result of the tool. */
export async function toolRun(
  { runs, held }: RunningParts,
  asked: Pick<Execution, "request" | "function" | "isBundle">,
  call: ToolCall,
): Promise<ToolResult> {
  const { caller, requestId, signal, observer } = call;
  const { request } = asked;
  if (isAnsweredByClient(request)) {
    const { maxTimeout = ANSWERED_TIMEOUT } = caller.tenant;
    const { timeout = Math.min(ANSWERED_TIMEOUT, maxTimeout) } = request;
    return held.start({ ...asked, request: { ...request, timeout } }, call);
  }
  const context = { caller, requestId, signal, observer, via: "mcp" } as const;
  return executionResult(answerOf(await runs.run({ ...asked, ...context, asText: true })));
}

function isAnsweredByClient(
  request: ExecuteRequest,
): request is ExecuteRequest & { readonly functions: DeclaredFunctions } {
  return request.functions !== undefined && request.functionsEndpoint === undefined;
}
