import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDeeperThan } from "../../../../src/base/json-depth.ts";
import { jsonShape } from "../../../../src/base/json-shape.ts";

function containersIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + containersIn(item), 1);
}

describe("jsonShape", () => {
  it.each([
    ["1", 0, 0, 0, 0],
    ["[]", 1, 1, 0, 0],
    ['{"a":[{}]}', 3, 3, 1, 0],
    ['["[[[", "\\"[{,:", "\\\\"]', 1, 1, 0, 2],
    ["[[],[],[[]]]", 3, 5, 0, 2],
    ['{":,": ":,", "b": 1}', 1, 1, 2, 1],
  ])("of %s is %i deep with %i containers, %i names, %i commas", (text, ...numbers) => {
    const [depth, containers, names, commas] = numbers;
    expect(jsonShape(text)).toEqual({ depth, containers, names, commas });
  });

  it("agrees with the parsed value", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        const { depth, containers } = jsonShape(text);
        expect(containers).toBe(containersIn(value));
        for (const limit of [0, depth - 2, depth - 1].filter((each) => each >= 0)) {
          expect(isDeeperThan(value, limit)).toBe(depth > limit + 1);
        }
      }),
    );
  });
});
