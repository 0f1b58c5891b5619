import fc from "fast-check";

/** Supported part of JSON Schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly enum?: unknown[];
  readonly properties?: Record<string, Schema>;
  readonly required?: string[];
  readonly items?: Schema;
  readonly anyOf?: Schema[];
  readonly oneOf?: Schema[];
  readonly allOf?: Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly security: object[];
  readonly parameters?: Parameter[];
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface Contract {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Schema> };
}

/** A request as it is sent. */
export interface Generated {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const odd = fc.constantFrom<unknown>(
  ...[null, true, 0, -1, 1.5, 1e308, "", "\0", "\ud800", "x".repeat(5_000)],
  ...[
    "__proto__",
    "constructor",
    "../../etc/passwd",
    "%00",
    [],
    {},
    [[]],
    [null],
    { __proto__: 1 },
  ],
);
const junk: fc.Arbitrary<unknown> = fc.oneof(odd, fc.jsonValue({ maxDepth: 3 }));

/** Makes the smallest value that a schema accepts. */
function sample(schema: Schema, contract: Contract): unknown {
  const { $ref, type, enum: values, properties = {}, required = [] } = schema;
  if ($ref !== undefined) return sample(named($ref, contract), contract);
  const either = schema.anyOf?.[0] ?? schema.oneOf?.[0] ?? schema.allOf?.[0];
  if (either !== undefined) return sample(either, contract);
  if (values !== undefined) return values[0];
  switch (Array.isArray(type) ? type[0] : type) {
    case "object":
      return Object.fromEntries(
        required.map((name) => [name, sample(properties[name] ?? {}, contract)]),
      );
    case "array":
      return schema.items === undefined ? [] : [sample(schema.items, contract)];
    case "string":
      return "export default () => 1";
    case "boolean":
      return true;
    default:
      return 1_000;
  }
}

function named($ref: string, { components }: Contract): Schema {
  return components.schemas[$ref.split("/").at(-1) ?? ""] ?? {};
}

/** Makes bodies with a fault in one place, or in all places. */
function bodies(
  schema: Schema,
  contract: Contract,
): fc.Arbitrary<string | Uint8Array<ArrayBuffer>> {
  const { properties = {} } = schema.$ref === undefined ? schema : named(schema.$ref, contract);
  const good = sample(schema, contract) as Record<string, unknown>;
  const fields = fc.constantFrom(...Object.keys(properties), "unknown", "__proto__");
  const oneWrong = fc.tuple(fields, junk).map(([name, value]) => {
    const wrong = Object.fromEntries([...Object.entries(good), [name, value]]);
    return JSON.stringify(wrong);
  });
  const oneMissing = fields.map((name) => JSON.stringify({ ...good, [name]: undefined }));
  const noJson = fc.constantFrom("", "{", "nul", "[".repeat(3_000), new Uint8Array([0x22, 0xff]));
  const anything = junk.map((value) => JSON.stringify(value) ?? "");
  return fc.oneof({ weight: 6, arbitrary: oneWrong }, oneMissing, anything, noJson);
}

const pathPart = fc
  .oneof(fc.constantFrom("acme", "0", "..", "%00", "\ud83d", "a".repeat(300)), fc.string())
  .map((text) => encodeURIComponent(text.toWellFormed()).replaceAll(".", "%2E") || "_");

const queryText = fc.oneof(fc.constantFrom("", "-1", "1e9", "\0", "acme"), fc.string());
const headerText = fc.oneof(
  fc.constantFrom("", "text/event-stream", "respond-async", "*/*", "k", "x".repeat(1_000)),
  fc.stringMatching(/^[ -~]{0,40}$/),
);

/** Makes requests to one operation from its contract. Nearly all of them are bad. */
export function requests(
  path: string,
  { parameters = [], requestBody }: Operation,
  contract: Contract,
): fc.Arbitrary<Generated> {
  const named = (place: Parameter["in"]) =>
    parameters.filter((each) => each.in === place).map(({ name }) => name);
  const filled = fc
    .tuple(...[...path.matchAll(/\{\w+\}/g)].map(() => pathPart))
    .map((parts) => path.replace(/\{\w+\}/g, () => parts.shift() ?? "_"));
  const query = fc
    .array(fc.tuple(fc.constantFrom(...named("query"), "unknown"), queryText), { maxLength: 3 })
    .map((pairs) =>
      pairs.map((pair) => pair.map((text) => encodeURIComponent(text.toWellFormed()))),
    )
    .map((pairs) => pairs.map((pair) => pair.join("=")).join("&"));
  const headers = fc.dictionary(fc.constantFrom("accept", ...named("header")), headerText);
  const [[type, content] = []] = Object.entries(requestBody?.content ?? {});
  const types = fc.oneof(
    { weight: 9, arbitrary: fc.constant(type ?? "application/json") },
    fc.constantFrom("text/plain", "application/json; charset=x", "multipart/form-data"),
  );
  const body = content === undefined ? fc.constant(undefined) : bodies(content.schema, contract);
  return fc.tuple(filled, query, headers, types, body).map(([at, asked, head, sent, text]) => ({
    path: asked === "" ? at : `${at}?${asked}`,
    headers: text === undefined ? head : { ...head, "content-type": sent },
    ...(text !== undefined && { body: text }),
  }));
}
