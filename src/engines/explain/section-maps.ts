import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

interface Section {
  /** Lines of the code before it. */
  readonly line: number;
  readonly map: TraceMap;
}

/** Place in a source, or nulls. */
export type Found = ReturnType<typeof originalPositionFor>;

/** Sections of a map: one for the packages, one for the function. */
const MAX_SECTIONS = 2;

/**
 * Reads a source map, possibly one of sections. These are looked up one by one and never joined. A
 * joined map would have an element for each line, also for lines that are only claimed.
 *
 * @throws {Error} If it is none.
 */
export function readMap(text: string): (line: number, column: number) => Found {
  const sections = sectionsOf(JSON.parse(text));
  return (line, column) => {
    const at = sections.findLast((section) => section.line < line) ?? sections[0];
    return originalPositionFor(at.map, { line: Math.max(1, line - at.line), column });
  };
}

function sectionsOf(parsed: unknown): [Section, ...Section[]] {
  const { sections } = (parsed ?? {}) as { sections?: unknown };
  if (!Array.isArray(sections)) return [{ line: 0, map: new TraceMap(parsed as never) }];
  const [first, ...rest] = sections.slice(0, MAX_SECTIONS).map((section) => {
    const { offset, map } = section as { offset: { line: unknown }; map: never };
    return { line: Number(offset.line), map: new TraceMap(map) };
  });
  if (first === undefined) throw new Error("It has no section");
  return [first, ...rest];
}
