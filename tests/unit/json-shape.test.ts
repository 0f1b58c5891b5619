import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDeeperThan } from "../../src/depth.ts";
import { jsonShape } from "../../src/json-shape.ts";

function containersIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + containersIn(item), 1);
}

describe("jsonShape", () => {
  it.each([
    ["1", 0, 0],
    ["[]", 1, 1],
    ['{"a":[{}]}', 3, 3],
    ['["[[[", "\\"[{", "\\\\"]', 1, 1],
    ["[[],[],[[]]]", 3, 5],
  ])("of %s is %i deep with %i containers", (text, depth, containers) => {
    expect(jsonShape(text)).toEqual({ depth, containers });
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
