const RETURN = /^(Illegal return statement|'return' outside of function|Top-level return cannot)/;
const PLACE = /\((\d+):(\d+)\)$/;
/** Begin of an element or a fragment, where no type parameter can be. */
const ELEMENT = /<(?:>|[A-Za-z][\w.-]*(?:\s[^<>]*)?\/?>|[A-Za-z][\w.-]*\s+[\w-]+=)/;
/** Lines of code that are looked for: the number is a claim of the sandbox. */
const MAX_LINE = 10_000;
/** Characters before and after the place of an error that are read. */
const NEAR = 200;

/**
 * Tells how to change code that does not parse. Messages differ by level, so the place in the code
 * decides, where the code is known.
 *
 * @example
 * syntaxHint("Illegal return statement (1:1)")?.slice(0, 32) // "The code is a module, and no bod"
 */
export function syntaxHint(message: string, code = ""): string | undefined {
  if (RETURN.test(message)) {
    return "The code is a module, and no body of a function: write export default () => { … } around it";
  }
  const line = Number(PLACE.exec(message)?.[1] ?? 0);
  const column = Number(PLACE.exec(message)?.[2] ?? 0);
  const text = line > MAX_LINE ? "" : (code.split("\n", line)[line - 1] ?? "");
  const near = text.slice(Math.max(0, column - NEAR), column + NEAR);
  if (/^await\b/.test(text.slice(column - 1))) {
    return "await is allowed in async functions and at the top of the module: write async before the function";
  }
  return ELEMENT.test(near) ? JSX : undefined;
}

const JSX =
  'JSX is compiled in files named .jsx or .tsx: deploy a function with {"files":{"main.tsx":"…"}}, or call the function that makes elements';
