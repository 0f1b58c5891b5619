import { z } from "zod";
import { BadRequest, type SourceLocation } from "../base/errors.ts";
import { syntaxHint } from "./syntax-hints.ts";

const place = z.int().min(0).optional();

/** Fault in a source, as a compiler claims it. */
export const sourceFault = z.object({
  fault: z.string(),
  file: z.string().optional(),
  line: place,
  column: place,
});

export type SourceFault = Readonly<z.output<typeof sourceFault>>;

/** Characters of a line that a frame shows on each side of the fault. */
const AROUND = 80;

/**
 * Makes the refusal of a source for the field of the request that holds it. `textOf` returns the
 * text of a file; the compiler's claim about the place only selects a part of it.
 */
export function sourceError(
  field: string,
  { fault, file, line, column = 1 }: SourceFault,
  textOf: (file: string) => string | undefined,
): BadRequest {
  const text = file === undefined ? undefined : textOf(file);
  if (file === undefined || line === undefined || text === undefined) {
    return new BadRequest(field, `${field}: ${fault}`);
  }
  const location = { file, line, column, frame: frameOf(text, line, column) };
  const hint = syntaxHint(`${fault} (${line}:${column})`, text);
  const told = hint === undefined ? fault : `${fault}. ${hint}`;
  return new BadRequest(field, `${field}: ${file}:${line}:${column}: ${told}`, location);
}

/**
 * Shows the line of a fault, the one before it, and a mark below.
 *
 * @example
 * frameOf("const a = ;", 1, 11) // "1 | const a = ;\n  |           ^"
 */
export function frameOf(
  text: string,
  line: SourceLocation["line"],
  column: SourceLocation["column"],
): string {
  // A claim may be 0, which is no column.
  const before = Math.max(0, column - 1);
  const lines = text.split(/\r?\n|[\u2028\u2029]/, line);
  const from = Math.max(0, before - AROUND);
  const width = String(line).length;
  const shown = [line - 1, line].flatMap((number) => {
    const content = number < 1 ? undefined : lines[number - 1];
    if (content === undefined) return [];
    const part = content.slice(from, from + 2 * AROUND).replaceAll("\t", " ");
    return [`${String(number).padStart(width)} | ${part}`];
  });
  const mark = `${" ".repeat(width)} | ${" ".repeat(before - from)}^`;
  return [...shown, mark].join("\n");
}
