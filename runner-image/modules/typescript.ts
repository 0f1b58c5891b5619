/** Makes JavaScript of TypeScript with the runtime's own parser. */
import { MODULE_URL } from "../../src/protocol/messages.ts";
import { execPattern, indexOfText, sliceText } from "../base/primordials.ts";

interface NodeModule {
  stripTypeScriptTypes(text: string, options?: { mode: "transform"; sourceMap: true }): string;
}

const { process } = globalThis as unknown as {
  process: { getBuiltinModule(name: "node:module"): NodeModule };
};
const { stripTypeScriptTypes: strip } = process.getBuiltinModule("node:module");

/** URL that the parser gives the text in its messages and source maps. */
export const PARSED_URL = "file:///stripTypeScriptTypes.ts";

/** A text with imports. Some may be of types alone, and only the transformation drops these. */
const HAS_IMPORTS = /\bimport[\s{*]/;

/**
 * Removes the types. Where there is nothing else to remove, all positions stay. Enums and the like
 * are written anew, with a source map that the runtime applies to stacks.
 *
 * @throws {SyntaxError} With the message of the TypeScript parser.
 */
export function withoutTypes(text: string): string {
  if (execPattern(HAS_IMPORTS, text) === null) {
    try {
      return strip(text);
    } catch {
      // An enum or a fault in the syntax. The other mode tells which, and where.
    }
  }
  return renamed(strip(text, { mode: "transform", sourceMap: true }));
}

const MAP = "\n//# sourceMappingURL=data:application/json;base64,";
/** Begin of each map. Its length is a multiple of three, which base64 encodes at a time. */
const MADE = `{"version":3,"sources":["${PARSED_URL}"],"`;
const WANTED = `${`{"version":3,"sources":["${MODULE_URL}"],`.padEnd(MADE.length - 1)}"`;
const FROM = btoa(MADE);
const TO = btoa(WANTED);

/** Gives the source the module's URL in the map of a transformed text. */
function renamed(text: string): string {
  const at = indexOfText(text, `${MAP}${FROM}`);
  if (at < 0) return text;
  const map = at + MAP.length;
  return `${sliceText(text, 0, map)}${TO}${sliceText(text, map + FROM.length)}`;
}
