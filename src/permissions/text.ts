const MAX_LENGTH = 1_024;

/**
 * Describes the fault of an element of any list; `undefined` if it has none. Commas separate the
 * values of Deno's flags. Backslashes mean something else on each system. Control characters end
 * lines and strings elsewhere. So no grantable element contains any of them.
 *
 * @example
 * ["x.org", "a,b", "", 1].map((value) => textFault(value, true) === undefined) // [true, false, false, false]
 */
export function textFault(value: unknown, ascii: boolean): string | undefined {
  if (typeof value !== "string") return "is not a string";
  if (value === "") return "is empty";
  if (value.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (/[\p{Cc},\\]/u.test(value)) return "contains a control character, a comma or a backslash";
  if (!value.isWellFormed()) return "is not well-formed Unicode";
  if (ascii && /[^\x20-\x7e]/.test(value)) return "is not ASCII: write a name in its xn-- form";
  return undefined;
}
