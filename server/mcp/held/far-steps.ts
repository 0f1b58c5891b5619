import { z } from "zod";
import { Aborted } from "../../../src/base/errors.ts";
import type { CallRelay, RelayedStep } from "../../calls/call-relay.ts";
import { HttpProblem } from "../../errors/problem.ts";
import { StoreUnavailable } from "../../store/contract/store-errors.ts";
import type { ToolResult } from "../tool.ts";

/** Times that a server which is there may fail to reply. */
const MOST_FAILURES = 2;
const STATUSES = [400, 403, 404, 429, 500, 503, 507] as const;

/** Reply of another server. Without a result, its execution still runs. */
const next = z.object({
  refused: z.array(z.int()).default([]),
  result: z
    .object({
      content: z.array(
        z.union([
          z.object({ type: z.literal("text"), text: z.string() }),
          z.object({ type: z.literal("image"), data: z.string(), mimeType: z.string() }),
        ]),
      ),
      structuredContent: z.record(z.string(), z.unknown()).optional(),
      isError: z.literal(true).optional(),
    })
    .optional(),
  problem: z
    .object({
      status: z.literal(STATUSES).catch(500),
      name: z.string(),
      code: z.string(),
      message: z.string(),
    })
    .optional(),
});

/**
 * Gives answers to the server that runs an execution, and asks it again until there are further calls or
 * the result. Resolves with `undefined` if the server is gone.
 */
export async function farSteps(
  relay: CallRelay,
  node: string,
  step: RelayedStep,
  signal: AbortSignal,
): Promise<{ readonly result: ToolResult; readonly refused: readonly number[] } | undefined> {
  const refused: number[] = [];
  let asking = step;
  let failures = 0;
  for (;;) {
    const wasLeft = signal.aborted;
    const asked = relay.step(node, { ...asking, isLeft: wasLeft });
    const replied = await asked.catch((error: unknown) => {
      failures += 1;
      if (failures > MOST_FAILURES || !(error instanceof StoreUnavailable)) throw error;
      return {};
    });
    if (signal.aborted) {
      if (!wasLeft) await relay.step(node, { ...step, answers: [], isLeft: true }).catch(() => {});
      throw new Aborted();
    }
    if (replied === undefined) return undefined;
    const { problem, result, refused: more } = next.parse(replied);
    refused.push(...more);
    if (problem !== undefined) {
      const { status, name, code, message } = problem;
      throw new HttpProblem(status, name, code, message);
    }
    if (result !== undefined) return { result: result as ToolResult, refused };
    // Gives those again that a busy server has not replied to. It takes each once.
    if (Object.hasOwn(replied, "refused")) asking = { ...step, answers: [] };
  }
}
