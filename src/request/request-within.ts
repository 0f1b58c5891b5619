import { z } from "zod";
import { LongTexts } from "../base/long-texts.ts";
import { executeRequest } from "./execute-request.ts";

/** Returns the schema of what one host takes: text that is whole, and numbers within the host's limits. */
export function requestWithin({
  maxTimeout,
  queueTimeout: maxQueueTimeout,
  maxMemory,
}: {
  maxTimeout: number;
  queueTimeout: number;
  maxMemory: number;
}) {
  const { code, entry, timeout, queueTimeout, memory } = executeRequest.shape;
  return executeRequest.extend({
    code: code.check(...WHOLE_TEXT),
    entry: entry.check(...WHOLE_TEXT),
    timeout: timeout.unwrap().max(maxTimeout).optional(),
    queueTimeout: queueTimeout.unwrap().max(maxQueueTimeout).optional(),
    memory: memory.unwrap().max(maxMemory).optional(),
  });
}

/** Faults of code, which is read once, and not by each of its executions. */
const faults = new LongTexts<"" | "NUL" | "half">();

function faultOf(text: string): "" | "NUL" | "half" {
  if (text.includes("\0")) return "NUL";
  return text.isWellFormed() ? "" : "half";
}

const WHOLE_TEXT = [
  z.refine<string>((value) => faults.get(value, faultOf) !== "NUL", {
    error: "Contains a NUL byte",
  }),
  z.refine<string>((value) => faults.get(value, faultOf) !== "half", {
    error: "Contains half a surrogate pair",
  }),
];
