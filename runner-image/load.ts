import { RunnerFault } from "./base/faults.ts";
import {
  createBlobUrl,
  indexOfText,
  lastIndexOfText,
  NativeBlob,
  replaceAllText,
  sliceText,
  startsWith,
} from "./base/primordials.ts";

/** Loads source text as a module: its namespace object, or a rejection as the runtime gives it. */
export type Importer = (url: string) => Promise<Module>;

export type Module = Record<string, unknown>;

/** The URL a module's source can be imported from, TypeScript included. */
export function moduleUrl(code: string): string {
  return createBlobUrl(new NativeBlob([code], { type: "application/typescript" }));
}

/**
 * Imports user code. A source that does not parse rejects with a `SyntaxError`: Deno wraps its
 * own parser's complaint in a `TypeError` whose message starts with the real name.
 */
export async function loadModule(url: string, importer: Importer): Promise<Module> {
  try {
    return await importer(url);
  } catch (thrown) {
    if (thrown instanceof TypeError && startsWith(thrown.message, PARSE_FAILURE)) {
      throw new RunnerFault("SyntaxError", parseMessage(thrown.message, url));
    }
    throw thrown;
  }
}

const PARSE_FAILURE = "SyntaxError: ";

/** `Expression expected (1:35)` from Deno's `SyntaxError: Expression expected\n …code… at url:1:35`. */
function parseMessage(message: string, url: string): string {
  const text = replaceAllText(sliceText(message, PARSE_FAILURE.length), `${url}:`, "");
  const lineEnd = indexOfText(text, "\n");
  if (lineEnd < 0) return text;
  const at = lastIndexOfText(text, " at ");
  return at < lineEnd
    ? sliceText(text, 0, lineEnd)
    : `${sliceText(text, 0, lineEnd)} (${sliceText(text, at + 4)})`;
}
