import { MODULE_NAME } from "../../src/protocol/messages.ts";
import { indexOfText, lastIndexOfText, replaceAllText, sliceText } from "./primordials.ts";

const RUNNER_URL = import.meta.url;
/** URL of the database tool's modules, and also the prefix of its script's name. */
const DATABASE_URL = RUNNER_URL.replace(/[^/:]*$/, "database");

/** Beginning of the URLs of the runtime's own modules. */
const RUNTIME = "ext:";
/** Text that begins each frame of a stack. */
const FRAME = "\n    at ";
/** Frame of the script by which the host calls code at level `none`. Below it are the host's own. */
const HOST_CALL = `${FRAME}isolate:runner:`;

/** Returns a text with the name of the author's module in place of its URL. */
export function named(text: string, moduleUrl: string | undefined): string {
  return moduleUrl === undefined ? text : replaceAllText(text, moduleUrl, MODULE_NAME);
}

/**
 * Writes the place at the end of a message of V8's as all syntax errors have it: `(1:7)` in place of
 * `at main.ts:1:7`.
 */
export function withPlace(message: string): string {
  const at = lastIndexOfText(message, PLACE);
  const place = sliceText(message, at + PLACE.length);
  if (at < 0 || !isPlace(place)) return message;
  return `${sliceText(message, 0, at)} (${place})`;
}

const PLACE = ` at ${MODULE_NAME}:`;

/** Tells a line and a column from another text. */
function isPlace(text: string): boolean {
  let colons = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (indexOfText("0123456789:", text[i] as string) < 0) return false;
    if (text[i] === ":") colons += 1;
  }
  return colons === 1;
}

/**
 * Returns the stack as the author of `main.ts` knows it. Leaves out frames of the database tool, and of
 * the runner, which may wrap a function of the runtime.
 */
export function readable(stack: string, moduleUrl: string | undefined): string {
  const host = indexOfText(stack, HOST_CALL);
  const called = host < 0 ? stack : sliceText(stack, 0, host);
  const stackOfCode = withoutFrames(withoutFrames(called, RUNNER_URL), DATABASE_URL);
  return named(withoutCallers(stackOfCode), moduleUrl);
}

/**
 * Removes the frames of the runtime at the end of a stack, which called the code. A stack without
 * other frames stays whole: it is all that tells where the failure was.
 */
function withoutCallers(stack: string): string {
  let rest = stack;
  for (let last = lastIndexOfText(rest, FRAME); last >= 0; last = lastIndexOfText(rest, FRAME)) {
    if (indexOfText(rest, RUNTIME, last) < 0) return rest;
    rest = sliceText(rest, 0, last);
  }
  return stack;
}

/** Removes the frames that contain `part`. The words before them are left alone. */
function withoutFrames(stack: string, part: string): string {
  const top = indexOfText(stack, FRAME);
  if (top < 0) return stack;
  return sliceText(stack, 0, top) + withoutLines(sliceText(stack, top), part);
}

/** Returns the lines of a text that do not contain `part`. */
function withoutLines(text: string, part: string): string {
  let kept = "";
  let from = 0;
  for (let at = indexOfText(text, part); at >= 0; at = indexOfText(text, part, from)) {
    kept += sliceText(text, from, lastIndexOfText(text, "\n", at) + 1);
    const end = indexOfText(text, "\n", at);
    if (end < 0) return sliceText(kept, 0, -1);
    from = end + 1;
  }
  return kept + sliceText(text, from);
}
