import { clip, MAX_FAULT_TEXT } from "../../protocol/limits.ts";
import type { Fault } from "../../protocol/messages.ts";

const FRAME = "\n    at ";

/**
 * Returns the stack with the inner errors and the causes, as Deno prints an uncaught error. Errors
 * come below the first line, and causes at the end.
 *
 * @example
 * const cause = { name: "TypeError", message: "inner" };
 * stackText({ name: "Error", message: "outer", stack: "Error: outer", cause }) // "Error: outer\nCaused by: TypeError: inner"
 */
export function stackText(fault: Fault): string | undefined {
  const { stack, cause, errors = [] } = fault;
  if (stack === undefined) return undefined;
  return cause === undefined && errors.length === 0 ? stack : clip(whole(fault), MAX_FAULT_TEXT);
}

function whole({ name, message, stack, cause, errors = [] }: Fault): string {
  const own = stack ?? (name === "Exception" ? message : `${name}: ${message}`);
  const frames = own.indexOf(FRAME);
  const [head, rest] = frames < 0 ? [own, ""] : [own.slice(0, frames), own.slice(frames)];
  const inner = errors.map((error) => `\n    ${whole(error).replaceAll("\n", "\n    ")}`);
  return head + inner.join("") + rest + (cause ? `\nCaused by: ${whole(cause)}` : "");
}
