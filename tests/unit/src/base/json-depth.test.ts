import { describe, expect, it } from "vitest";
import { isDeeperThan } from "../../../../src/base/json-depth.ts";

describe("isDeeperThan", () => {
  it.each([
    [1, 0, false],
    [[], 0, false],
    [[[]], 0, true],
    [[[]], 1, false],
    [{ a: { b: {} } }, 1, true],
    [{ a: { b: 1 } }, 1, false],
    [[1, "x", null, [2, { c: [] }]], 2, true],
    [[1, "x", null, [2, { c: [] }]], 3, false],
  ])("%j is measured against %i", (value, limit, expected) => {
    expect(isDeeperThan(value, limit)).toBe(expected);
  });

  it("does not overflow the stack", () => {
    let value: unknown = 1;
    for (let i = 0; i < 1_000_000; i += 1) value = { value };
    expect(isDeeperThan(value, 1_000)).toBe(true);
  });
});
