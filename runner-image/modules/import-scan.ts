/** Finds what a text may import statically, without a parse of all of it. */
import { execPattern, NativeSet, setAdd, sliceText } from "../base/primordials.ts";

/** Names of the runtime's modules. */
export const BUILT_IN = /^(?:node:)?([a-z_0-9]+(?:\/[a-z0-9]+)?)$/;

/** End of both keywords. Engines look for one fixed text quickly. */
const KEYWORD = /port\b/g;
const LENGTH = "import".length;
/** Statements that are read here. More of them are worth a parse. */
const MAX_STATEMENTS = 1_000;

const QUOTED = /(?:"([^"\\\r\n]{1,200})"|'([^'\\\r\n]{1,200})')/.source;
/** No import statement follows: a call, `import.meta`, or a property of that name. */
const NO_IMPORT = /\s*[^\s"'{*\w$/\\\x80-\uffff]/y;
/** A specifier, behind names if there are any. Names in quotes and comments are left to a parse. */
const IMPORT = new RegExp(`(?:[^"'\`;()=/\\\\]{0,5000}\\bfrom)?\\s*${QUOTED}`, "y");
const NO_EXPORT_FROM = /\s*[^\s{*/\\]/y;
const NAMES = "\\{[^}\"'`/\\\\]{0,20000}\\}";
const EXPORT_NAMES = new RegExp(`\\s*${NAMES}\\s*(?!\\s|/|from\\b)`, "y");
const EXPORT_FROM = new RegExp(
  `\\s*(?:\\*(?:\\s*as\\s+[\\w$]+)?|${NAMES})\\s*from\\s*${QUOTED}`,
  "y",
);

/**
 * Returns the modules of the runtime that a text may import, or nothing if it may import others, too,
 * which a parse would tell. Text in strings and comments may count as code. A parse takes as long as
 * all other loading, and most bundles import modules of the runtime alone.
 */
export function scanImports(text: string): Set<string> | undefined {
  const found = new NativeSet<string>();
  let left = MAX_STATEMENTS;
  KEYWORD.lastIndex = 0;
  for (let match = execPattern(KEYWORD, text); match !== null; match = execPattern(KEYWORD, text)) {
    const end = KEYWORD.lastIndex;
    const keyword = sliceText(text, end - LENGTH, end);
    if (keyword !== "import" && keyword !== "export") continue;
    if (!beginsStatement(text, end - LENGTH)) continue;
    left -= 1;
    if (left < 0) return undefined;
    const specifier = specifierAfter(keyword, text, end);
    if (specifier === "") continue;
    if (specifier === undefined || execPattern(BUILT_IN, specifier) === null) return undefined;
    setAdd(found, specifier);
  }
  return found;
}

/** Returns the specifier of a statement, an empty text if it has none, or nothing if it is not read. */
function specifierAfter(keyword: string, text: string, at: number): string | undefined {
  const isImport = keyword === "import";
  if (matchAt(isImport ? NO_IMPORT : NO_EXPORT_FROM, text, at) !== null) return "";
  if (!isImport && matchAt(EXPORT_NAMES, text, at) !== null) return "";
  const match = matchAt(isImport ? IMPORT : EXPORT_FROM, text, at);
  return match?.[1] ?? match?.[2];
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return execPattern(pattern, text);
}

/**
 * Tells whether a statement may begin here. It follows an end on its line, or a line's begin: then a
 * semicolon may have been left out.
 */
function beginsStatement(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === " " || text[before] === "\t") before -= 1;
  const last = text[before] ?? "\n";
  if (last === "/") return text[before - 1] === "*";
  return last === ";" || last === "}" || last === ")" || last < "!" || last > "~";
}
