/** Keeps the names of classes that a bundler gives other ones. It runs in a confined process. */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** Begin of a class at the end of a line: its own name, that of the variable, or both. */
const CLASS =
  /(?:(?<![\w$])([\w$]+) = class(?: ([\w$]+))?|\bclass ([\w$]+))(?: extends [^\n]{1,200})? \{$/gm;

/** Characters around the name of a class in its file that are looked at. */
const HEAD = 100;

type TextOf = (source: string) => string | undefined;

/**
 * Gives classes the names that they have in their files. The map tells which ones have others. Code is
 * added at ends of lines alone, so that the map stays true.
 *
 * @param textOf Returns the text of a source by its name in the map.
 */
export function withClassNames(code: string, map: string, textOf: TextOf): string {
  const lines = new Map<string, readonly string[]>();
  let traced: TraceMap | undefined;
  let line = 1;
  let from = 0;
  const originalOf = (at: number): string | undefined => {
    for (let next = code.indexOf("\n", from); next >= 0 && next < at; ) {
      line += 1;
      from = next + 1;
      next = code.indexOf("\n", from);
    }
    traced ??= new TraceMap(map);
    const found = originalPositionFor(traced, { line, column: at - from });
    if (found.source === null) return undefined;
    if (found.name !== null) return found.name;
    const known = lines.get(found.source) ?? (textOf(found.source) ?? "").split("\n");
    lines.set(found.source, known);
    const text = known[found.line - 1] ?? "";
    const isDeclared = /\bclass\s+$/.test(
      text.slice(Math.max(0, found.column - HEAD), found.column),
    );
    return isDeclared
      ? /^[\w$]+/.exec(text.slice(found.column, found.column + HEAD))?.[0]
      : undefined;
  };
  return code.replace(
    CLASS,
    (whole: string, variable: string, own: string, declared: string, at) => {
      const name = own ?? declared ?? variable;
      // The bundler numbers a name, or puts an underscore before one that the class itself uses.
      if (!/\d$|^_/.test(name)) return whole;
      const place = own === undefined || own.startsWith("_") ? (variable ?? declared) : own;
      const original = originalOf(at + whole.indexOf(place, declared ? "class ".length : 0));
      if (original === undefined || original === name || place === undefined) return whole;
      // A class expression keeps a name of its own.
      const isOwn = own !== undefined && own !== `_${original}` && !own.startsWith(original);
      if (isOwn) return whole;
      const value = JSON.stringify(original);
      return `${whole} static { Object.defineProperty(this, "name", { value: ${value}, configurable: true }); }`;
    },
  );
}
