import { describe, it } from "vitest";
import { config } from "../../src/config/config.ts";
import type { Outcome } from "../../src/engines/contract/contract.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import type { ExecuteRequest, Output } from "../../src/request/types.ts";
import { resolveTools } from "../../src/tools/registry.ts";
import type { Caller } from "./caller.ts";
import { sample } from "./case-choice.ts";
import { type Case, FAILURES, VALUES } from "./cases.ts";
import { CHANNEL } from "./channel-cases.ts";
import { CONSOLE } from "./console-cases.ts";
import { CRYPTO } from "./crypto-cases.ts";
import { verify } from "./engine-contract.ts";
import { LIMITS, LOGS, TAMPERING } from "./run-cases.ts";

/** Cases that meet nothing but the runtime and the runner, and those that meet more. */
const BY_CODE_ALONE = [VALUES, FAILURES, CONSOLE, CRYPTO, CHANNEL].flat();
const BY_MORE = [LOGS, TAMPERING, LIMITS].flat();

interface CallerOptions {
  readonly isolation?: boolean;
  /** True if another caller runs each case by the same runtime and the same runner. */
  readonly sampled?: boolean;
  /** Level and reuse of the cases beyond the sample, where they cost less. A soak runs all as the sample. */
  readonly others?: Pick<ExecuteRequest, "sandbox" | "reuse">;
}

/** Runs the cases of the engines as requests, for every way to send them. */
export function callerContract(
  name: string,
  current: () => Caller,
  { isolation = true, sampled = false, others }: CallerOptions = {},
): void {
  describe(`${name}, all cases`, () => {
    const more = sampled ? sample(BY_MORE) : BY_MORE;
    const chosen = new Set<Case>([...sample(BY_CODE_ALONE), ...more]);
    const possible = [...BY_CODE_ALONE, ...BY_MORE]
      .filter((item) => !sampled || chosen.has(item))
      .filter((item) => isolation || item.isolation !== true)
      .filter(asRequested);
    it.each(possible.map((item) => [item.name, item] as const))("%s", async (_name, item) => {
      await current().ready();
      const cheaply = chosen.has(item) ? {} : others;
      verify(toOutcome(await current().execute({ ...toRequest(item), ...cheaply }), item), item);
    });
  });
}

/** Tells that callers run this case. */
export const isRequested = (item: Case): boolean =>
  (BY_CODE_ALONE as readonly Case[]).includes(item) && asRequested(item);

/** Tests that a host without settings takes a case's code, and gives a request the case's tools. */
function asRequested({ code, tools = [] }: Case): boolean {
  if (code.length > config().maxSize) return false;
  return JSON.stringify(tools) === JSON.stringify(resolveTools(names(tools), config()));
}

function names(tools: readonly ToolUse[]): string[] {
  return tools.map(({ name }) => name);
}

function toRequest({ code, input, entry, timeout = 20_000, tools = [] }: Case): ExecuteRequest {
  const given = { ...(input !== undefined && { input }), ...(entry !== undefined && { entry }) };
  return { code, ...given, timeout, tools: names(tools), memory: 128 };
}

/**
 * Makes an outcome of an output. An output has no status, so the exception shows the expected one.
 */
function toOutcome(output: Output, { status }: Case): Outcome {
  const { ok, result, logs = [], logsDropped = 0, duration } = output;
  const last = logs.findLast(({ level }) => level === "exception");
  const fault = last && {
    name: last.name ?? "",
    message: last.message,
    ...(last.stack !== undefined && { stack: last.stack }),
  };
  return {
    status: ok ? "ok" : status === "ok" ? "error" : status,
    ...(result !== undefined && { result }),
    ...(fault && { fault }),
    logs,
    logsDropped,
    duration,
  };
}
