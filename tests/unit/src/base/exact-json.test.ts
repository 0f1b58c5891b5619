import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { exactJson } from "../../../../src/base/exact-json.ts";

const odd = fc.constantFrom(-0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    odd,
    fc.jsonValue(),
    fc.array(tie("tree")),
    fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), tie("tree")),
  ),
}));

it("writes what is parsed as the same again", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const text = exactJson(value);
      expect(isDeepStrictEqual(JSON.parse(text), JSON.parse(exactJson(JSON.parse(text))))).toBe(
        true,
      );
    }),
  );
  const text = '{"a":[-0,1e999,{"__proto__":-1e999}],"b":"-0","c":"1e999"}';
  expect(exactJson(JSON.parse(text))).toBe(text);
});

it("writes all other values as JSON.stringify does", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(
        !JSON.stringify([value], (_key, item) => (Object.is(item, -0) ? "odd" : item)).includes(
          "odd",
        ),
      );
      expect(exactJson(value)).toBe(JSON.stringify(value));
    }),
  );
});
