import { parse, tokenizer, tokTypes } from "acorn";

const SYNTAX = { sourceType: "module", ecmaVersion: "latest" } as const;

/** Most characters of an expression. Parsing a megabyte of one takes seconds. */
const MAX_EXPRESSION = 131_072;

const RESOLVER = /^\s*\/\/ *@resolver: *([A-Za-z_$][\w$]*)[^\n]*\n/;

/** Returns a module whose default export is the type, for each form that its code can have. */
export function asModule(code: string): string {
  const name = RESOLVER.exec(code)?.[1];
  if (name !== undefined) return `${code}\nexport { ${name} as default };`;
  return isExpression(code) ? `export default ${code}` : code;
}

function isExpression(code: string): boolean {
  if (code.length > MAX_EXPRESSION) return false;
  try {
    // Parsed only if it begins like one: most texts are modules, and large.
    if (tokenizer(code, SYNTAX).getToken().type !== tokTypes.parenL) return false;
    const { body } = parse(code, SYNTAX);
    return body.length === 1 && body[0]?.type === "ExpressionStatement";
  } catch {
    return false;
  }
}
