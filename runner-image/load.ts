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

/** Loads source text as a module: resolves with its namespace, or rejects as the runtime does. */
export type Importer = (url: string) => Promise<Module>;

export type Module = Record<string, unknown>;

/** Makes a URL from which the source can be imported, TypeScript included. */
export function moduleUrl(code: string): string {
  return createBlobUrl(new NativeBlob([code], { type: "application/typescript" }));
}

/**
 * Imports user code. Deno reports a parse error as a `TypeError` whose message begins with the real
 * name. Such an error is turned into a `SyntaxError`.
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

/** Turns Deno's `SyntaxError: No name\n …code… at url:1:35` into `No name (1:35)`. */
function parseMessage(message: string, url: string): string {
  const text = replaceAllText(sliceText(message, PARSE_FAILURE.length), `${url}:`, "");
  const lineEnd = indexOfText(text, "\n");
  if (lineEnd < 0) return text;
  const at = lastIndexOfText(text, " at ");
  return at < lineEnd
    ? sliceText(text, 0, lineEnd)
    : `${sliceText(text, 0, lineEnd)} (${sliceText(text, at + 4)})`;
}
