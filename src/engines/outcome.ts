import { isDeeperThan } from "../depth.ts";
import { hintFor } from "../hints.ts";
import { MAX_DEPTH } from "../protocol/limits.ts";
import type { Fault } from "../protocol/messages.ts";
import type { LogEntry } from "../types.ts";
import type { Ending, Outcome, Status } from "./engine.ts";

interface Collected {
  readonly logs: LogEntry[];
  readonly logsDropped: number;
  readonly duration: number;
}

/** Turns a sandbox's terminal word into an outcome; the result's text is parsed here, once. */
export function toOutcome(ending: Exclude<Ending, { type: "closed" }>, soFar: Collected): Outcome {
  const collected = { ...soFar, logsDropped: Math.max(soFar.logsDropped, ending.dropped) };
  if (ending.type === "error") return failure("error", ending.fault, collected);
  if (ending.text === undefined) return { status: "ok", ...collected };
  let result: unknown;
  try {
    result = JSON.parse(ending.text);
  } catch {
    return failure("error", serializationError("The result is not JSON"), collected);
  }
  if (isDeeperThan(result, MAX_DEPTH)) {
    const message = `The result is nested deeper than ${MAX_DEPTH} levels`;
    return failure("error", serializationError(message), collected);
  }
  return { status: "ok", result, ...collected };
}

/** An outcome without a result, its fault written down as the last log entry. */
export function failure(status: Status, fault: Fault, collected: Collected): Outcome {
  const hint = hintFor(fault);
  const timestamp = Date.now();
  const exception: LogEntry = { level: "exception", ...fault, ...(hint && { hint }), timestamp };
  return { status, fault, ...collected, logs: [...collected.logs, exception] };
}

function serializationError(message: string): Fault {
  return { name: "SerializationError", message };
}
