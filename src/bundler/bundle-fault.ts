/** Describes the fault in code that a bundler or a parser refuses. */
import type * as Esbuild from "esbuild-wasm";

export interface Fault {
  readonly fault: string;
  readonly file?: string;
  readonly line?: number;
  /** Column, counted from one in characters. */
  readonly column?: number;
}

const MAX_FAULT = 1_000;

/** Texts about imports whose target the bundler cannot know. */
const NOT_LITERAL =
  /^This (call to )?"[^"]+"(\(\)")? (expression )?(will not be bundled|was not)|^Could not resolve (import|require)[.\w]*\(/;

/** Takes the first of possibly thousands of errors. Each contains its whole source line. */
export function faultOf(failure: Esbuild.BuildFailure): Fault {
  const { errors = [] } = failure;
  const first = errors.find(({ location }) => location !== null) ?? errors[0];
  // The bundler has ended, so this process ends, too.
  if (first === undefined) throw failure;
  const fault = NOT_LITERAL.test(first.text)
    ? 'What is imported or required is not a literal text, as "./names.ts" is'
    : first.text.replaceAll('"function:', '"').slice(0, MAX_FAULT);
  if (!first.location) return { fault };
  const { file, line, column, lineText } = first.location;
  return {
    fault,
    file: file.replace(/^function:/, "").replace(/ with \{.*$/, ""),
    line,
    column: charactersOf(lineText, column) + 1,
  };
}

/** Counts the characters of the first bytes of a line. The bundler counts bytes of UTF-8. */
export function charactersOf(line: string, bytes: number): number {
  const whole = new TextEncoder().encode(line);
  return new TextDecoder().decode(whole.subarray(0, bytes)).length;
}
