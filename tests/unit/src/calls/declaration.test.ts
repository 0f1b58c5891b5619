import { transform } from "esbuild";
import { expect, it } from "vitest";
import { declarationOf } from "../../../../src/calls/declaration.ts";

const typeOf = (schema: unknown): string | undefined =>
  /argument\??: (.*)\): Promise/.exec(declarationOf({ f: { schema } }))?.[1];

it.each([
  [{ type: "string" }, "string"],
  [{ type: "integer" }, "number"],
  [{ type: ["string", "null"] }, "(string | null)"],
  [{ enum: ["a", 1, null] }, '("a" | 1 | null)'],
  [{ const: 'x"' }, '"x\\""'],
  [{ anyOf: [{ type: "string" }, { type: "number" }] }, "(string | number)"],
  [{ type: "array", items: { type: "number" } }, "Array<number>"],
  [{ type: "array", prefixItems: [{ type: "number" }, {}] }, "[number, unknown]"],
  [{ type: "object" }, "Record<string, unknown>"],
  [{ type: "object", additionalProperties: { type: "boolean" } }, "Record<string, boolean>"],
  [
    { properties: { a: { type: "string" }, "b-c": { type: "number" } }, required: ["a"] },
    '{ a: string; "b-c"?: number }',
  ],
  [{ type: "object", properties: {} }, "{}"],
  [false, "never"],
  [true, "unknown"],
  [{ $ref: "#/x" }, "unknown"],
  [{ type: "date" }, "unknown"],
  [{ enum: [] }, "unknown"],
])("writes %j as %s", (schema, type) => {
  expect(typeOf(schema)).toBe(type);
});

it("writes what TypeScript reads, whatever a schema holds", async () => {
  let deep: object = {};
  for (let n = 0; n < 1_000; n += 1) deep = { type: "array", items: deep };
  const text = declarationOf({
    f: { description: "ends */ here\n\u2028 or not", schema: deep },
    delete: { schema: { properties: { '"\n': { const: "*/ \u2028" } } } },
    wide: { schema: { enum: Array.from({ length: 9_000 }, (_, n) => `name${n}`) } },
  });
  expect(text.length).toBeLessThan(1_000);
  expect(text).toContain("wide(argument?: unknown)");
  await transform(text, { loader: "ts" });
});
