import type { Denial, LogEntry } from "../../src/request/types.ts";
import { answerText, type ExecutionAnswer } from "../runs/answer.ts";
import type { ToolContent, ToolResult } from "./tool.ts";

/** Most characters of JSON that are sent twice: as a text, and as a value. */
const MOST_STRUCTURED = 65_536;
/** Most denials that a summary names. */
const MOST_DENIALS = 5;

const textOf = (text: string) => ({ type: "text", text }) as const;

/**
 * Makes a result of JSON text. Clients that know no structured content get the same as a text. A
 * large one is a text only, because writing and reading it twice would take too long.
 */
export function jsonResult(text: string): ToolResult {
  const content = [textOf(text)];
  if (text.length > MOST_STRUCTURED) return { content };
  return { content, structuredContent: JSON.parse(text) as Record<string, unknown> };
}

/** Makes the result for an execution that has ended. A failed one begins with what went wrong. */
export function executionResult(answer: ExecutionAnswer): ToolResult {
  const { artifacts } = answer;
  const images = artifacts?.flatMap(({ path, base64 }) => imageOf(path, base64) ?? []) ?? [];
  const shown = artifacts?.map((one) =>
    imageOf(one.path, one.base64) ? { path: one.path, bytes: one.bytes } : one,
  );
  const result = jsonResult(answerText(shown ? { ...answer, artifacts: shown } : answer));
  const content = [...result.content, ...images];
  if (answer.outcome === "ok") return { ...result, content };
  return { ...result, content: [textOf(summary(answer)), ...content], isError: true };
}

/** Types of images that models are shown, by the endings of names. */
const IMAGES: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
]);

/** Makes content of an artifact that is an image by its name. */
function imageOf(path: string, base64: string | undefined): ToolContent | undefined {
  const mimeType = IMAGES.get(path.slice(path.lastIndexOf(".") + 1).toLowerCase());
  if (mimeType === undefined || base64 === undefined) return undefined;
  return { type: "image", data: base64, mimeType };
}

/** Makes the result for calls of code that wait for answers. Their texts are JSON. */
export function pendingResult(execution: string, calls: readonly string[]): ToolResult {
  const head = JSON.stringify({ execution, status: "waiting" }).slice(0, -1);
  const result = jsonResult(`${head},"calls":[${calls.join()}]}`);
  const count =
    calls.length === 1 ? "a function of yours" : `functions of yours ${calls.length} times`;
  const message = `The code has called ${count}, and waits. Do what "calls" asks for, then call the tool "continue" with {"execution": "${execution}", "answers": [{"call": its "id", "result": any JSON}]}, or with "error": {"message": "…"} instead of "result".`;
  return { ...result, content: [textOf(message), ...result.content] };
}

/** Adds a note at the beginning of a result. */
export function notedResult(note: string, result: ToolResult): ToolResult {
  return { ...result, content: [textOf(note), ...result.content] };
}

/** Makes the result for a refused call that other arguments would mend. */
export function refusedResult(
  message: string,
  data: Readonly<Record<string, unknown>>,
): ToolResult {
  const error = { message, ...data };
  const content = [textOf(message), textOf(JSON.stringify({ error }))];
  return { content, structuredContent: { error }, isError: true };
}

function summary({ outcome, logs = [], denied = [] }: ExecutionAnswer): string {
  const failure = logs.findLast(({ level }) => level === "exception");
  const lines = [failure === undefined ? outcome : lineOf(failure)];
  if (failure?.hint !== undefined) lines.push(`Hint: ${failure.hint}`);
  for (const denial of denied.slice(0, MOST_DENIALS)) lines.push(deniedLine(denial));
  return lines.join("\n");
}

function lineOf({ name = "Error", message }: LogEntry): string {
  return `${name}: ${message}`;
}

function deniedLine({ kind, value, permission }: Denial): string {
  const allow =
    permission === undefined ? "" : `; allow it by ${JSON.stringify({ permissions: permission })}`;
  return `Denied: ${kind} ${value}${allow}`;
}
