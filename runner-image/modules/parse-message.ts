/** Makes the runtime's reports of syntax errors readable. */
import { RunnerFault } from "../base/faults.ts";
import {
  indexOfText,
  lastIndexOfText,
  NativeError,
  replaceAllText,
  sliceText,
  startsWith,
} from "../base/primordials.ts";
import { PARSED_URL } from "./typescript.ts";

const FAILURE = "SyntaxError: ";

/**
 * Returns a fault whose message ends with line and column, for a syntax error in the module `url`.
 * Any other error is returned as it is. Deno's own parser reports a `TypeError` whose message begins
 * with the real name.
 *
 * @example
 * readable(new SyntaxError("Illegal return statement at file:///main.ts:1:1"), "file:///main.ts") // Illegal return statement (1:1)
 */
export function readable(thrown: unknown, url: string): unknown {
  if (!(thrown instanceof NativeError)) return thrown;
  const { message } = thrown;
  if (startsWith(message, FAILURE)) return fault(sliceText(message, FAILURE.length), url);
  const isOfParser = thrown instanceof SyntaxError && indexOfText(message, ` at ${url}:`) > 0;
  return isOfParser ? fault(message, url) : thrown;
}

/** Turns `No name\n …code… at url:1:35` and `No name at url:1:35` into `No name (1:35)`. */
function fault(message: string, url: string): RunnerFault {
  const text = replaceAllText(replaceAllText(message, `${PARSED_URL}:`, ""), `${url}:`, "");
  const at = lastIndexOfText(text, " at ");
  const lineEnd = indexOfText(text, "\n");
  const end = lineEnd >= 0 && lineEnd < at ? lineEnd : at;
  if (at < 0)
    return new RunnerFault("SyntaxError", lineEnd < 0 ? text : sliceText(text, 0, lineEnd));
  return new RunnerFault("SyntaxError", `${sliceText(text, 0, end)} (${sliceText(text, at + 4)})`);
}
