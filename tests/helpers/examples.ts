/** A piece of code from a docstring, with the expected value of its last line. */
export interface Example {
  readonly setup: string;
  readonly expression: string;
  readonly expected: string;
}

type Run = (...values: unknown[]) => Promise<{ actual: unknown; expected: unknown }>;
const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => Run;

/**
 * Finds the `@example` blocks of a source file. The last line of each is `expression // expected`.
 */
export function examplesOf(source: string): Example[] {
  const comments = source.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const text = comment.replace(/^\/\*\*|\*\/$/g, "").replace(/^\s*\*? ?/gm, "");
    return [...text.matchAll(/@example\s+([\s\S]*?)(?=^@|(?![\s\S]))/gm)].map(([, code = ""]) => {
      const lines = code.trim().split("\n");
      const last = /^(.*?);? \/\/ (.*)$/.exec(lines.pop() ?? "");
      if (!last) throw new Error(`An example does not end in "// expected": ${code.trim()}`);
      const [, expression = "", expected = ""] = last;
      return { setup: lines.join("\n"), expression, expected };
    });
  });
}

/** Runs an example with the exports of its module as variables. */
export function runExample(
  { setup, expression, expected }: Example,
  exports: Readonly<Record<string, unknown>>,
): ReturnType<Run> {
  const body = `${setup}\nreturn { actual: await (${expression}), expected: (${expected}) };`;
  return new AsyncFunction(...Object.keys(exports), body)(...Object.values(exports));
}
