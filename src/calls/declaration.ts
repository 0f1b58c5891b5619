/** Functions as a request declares them. */
export type DeclaredFunctions = Readonly<
  Record<string, { readonly description?: string | undefined; readonly schema?: unknown }>
>;

/** Levels of a schema that are written out. Deeper ones are `unknown`. */
const DEPTH = 8;
/** Characters of a declaration. Schemas that would exceed them are `unknown`. */
const LENGTH = 65_536;

type Schema = Readonly<Record<string, unknown>>;

/**
 * Writes TypeScript for the global `tools`, for a model or an editor. It reads the common part of JSON
 * Schema; anything else is `unknown`.
 */
export function declarationOf(functions: DeclaredFunctions): string {
  let left = LENGTH;
  const members = Object.entries(functions).map(([name, { description, schema }]) => {
    const type = schema === undefined ? "unknown" : typeOf(schema, DEPTH);
    left -= type.length;
    const argument = left < 0 || type === "unknown" ? "argument?: unknown" : `argument: ${type}`;
    return `${comment(description)}  ${keyOf(name)}(${argument}): Promise<any>;\n`;
  });
  return `declare const tools: {\n${members.join("")}};\n`;
}

function comment(text: string | undefined): string {
  if (!text) return "";
  const lines = text.replaceAll("*/", "*\\/").split(/[\r\n\u2028\u2029]+/);
  return `  /** ${lines.join(" ").trim()} */\n`;
}

function typeOf(schema: unknown, depth: number): string {
  if (depth === 0 || !isObject(schema)) return schema === false ? "never" : "unknown";
  if ("const" in schema) return literal(schema.const);
  if (Array.isArray(schema.enum)) return union(schema.enum.map(literal));
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) return union(options.map((each) => typeOf(each, depth - 1)));
  const { type } = schema;
  if (Array.isArray(type)) return union(type.map((each) => ofType(each, schema, depth)));
  return ofType(type ?? (isObject(schema.properties) ? "object" : undefined), schema, depth);
}

function ofType(type: unknown, schema: Schema, depth: number): string {
  switch (type) {
    case "string":
    case "boolean":
    case "null":
      return type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return arrayOf(schema, depth);
    case "object":
      return objectOf(schema, depth);
    default:
      return "unknown";
  }
}

function arrayOf({ items, prefixItems }: Schema, depth: number): string {
  if (Array.isArray(prefixItems))
    return `[${prefixItems.map((each) => typeOf(each, depth - 1)).join(", ")}]`;
  return `Array<${typeOf(items, depth - 1)}>`;
}

function objectOf(schema: Schema, depth: number): string {
  const { properties, required, additionalProperties } = schema;
  if (!isObject(properties)) {
    const values = isObject(additionalProperties)
      ? typeOf(additionalProperties, depth - 1)
      : "unknown";
    return `Record<string, ${values}>`;
  }
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const members = Object.entries(properties).map(
    ([name, each]) =>
      `${keyOf(name)}${needed.includes(name) ? "" : "?"}: ${typeOf(each, depth - 1)}`,
  );
  return members.length === 0 ? "{}" : `{ ${members.join("; ")} }`;
}

function literal(value: unknown): string {
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  return isPlain ? JSON.stringify(value) : "unknown";
}

function union(types: readonly string[]): string {
  const different = [...new Set(types)];
  if (different.includes("unknown") || different.length === 0) return "unknown";
  return different.length === 1 ? (different[0] as string) : `(${different.join(" | ")})`;
}

function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
