import { JsonText } from "../../src/base/json-text.ts";
import type { Output } from "../../src/request/types.ts";

/** Answer for an execution that has ended, with status 200. */
export type ExecutionAnswer = { readonly id: string } & Output;

/** Adds the execution's id to an output. */
export function answerOf({ id, output }: { id: string; output: Output }): ExecutionAnswer {
  return { id, ...output };
}

/** Writes an answer as JSON on one line. */
export function answerText({
  result,
  ...rest
}: ExecutionAnswer & { readonly attempts?: number; readonly session?: object }): string {
  if (!(result instanceof JsonText)) return JSON.stringify({ ...rest, result });
  return `${JSON.stringify(rest).slice(0, -1)},"result":${result.text}}`;
}
