import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serialize } from "../../../runner-image/serialize.ts";
import { denoBinary, RUN_ALONE } from "../../../src/deno/deno.ts";
import { OUTPUT_LIMITS } from "../../../src/protocol/limits.ts";
import { PLAIN } from "../../contract/result-cases.ts";
import { runs } from "../../helpers/fuzz.ts";

const anything = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "then", "1")),
  values: [
    ...[fc.string({ unit: "binary" }), fc.double(), fc.integer(), fc.boolean()],
    ...[fc.constantFrom(undefined, null, -0, "", () => 1, Symbol("s")), fc.date()],
  ],
  withNullPrototype: true,
  withSparseArray: true,
  withBoxedValues: true,
});

function failure(value: unknown): unknown {
  try {
    return serialize(value, OUTPUT_LIMITS);
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe("a result as JSON", () => {
  it("is the text of plain Deno for what JSON can hold", () => {
    const script = `console.log(JSON.stringify((await import("data:text/javascript," + encodeURIComponent(
      ${JSON.stringify(PLAIN.code)}))).default()))`;
    const args = [...RUN_ALONE, "-"];
    const text = execFileSync(denoBinary(), args, { input: script, encoding: "utf8" });
    expect(text.trimEnd()).toBe(PLAIN.text);
  });

  it("is the text of JSON.stringify for any tree", () => {
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(typeof value !== "function" && typeof value !== "symbol");
        expect(serialize(value, OUTPUT_LIMITS)).toBe(JSON.stringify(value));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("reads each property once, in an object of any size", () => {
    for (const size of [1, 2_000]) {
      const reads = new Map<PropertyKey, number>();
      const target = Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, [i]]));
      const value = new Proxy(target, {
        get(target, key) {
          reads.set(key, (reads.get(key) ?? 0) + 1);
          return Reflect.get(target, key) as unknown;
        },
      });
      expect(serialize(value, OUTPUT_LIMITS)).toBe(JSON.stringify(target));
      expect([...reads.values()].every((count) => count === 1)).toBe(true);
    }
  });

  it.each([
    ["a list said to be endless", new Proxy([], { get: () => 2 ** 53 }), "The result exceeds"],
    ["a prototype without an end", endlessPrototypes(), "The result cannot be written as JSON"],
    [
      "what has thrown no text",
      {
        get a() {
          throw Object.create(null);
        },
      },
      "The result cannot be written as JSON: The thrown value cannot be described: result",
    ],
    ["a long way", longWay(), `A BigInt cannot be returned as JSON: result${"[0]".repeat(83)}…`],
  ])("names %s", (_what, value, message) => {
    expect(failure(value)).toContain(message);
  });
});

function endlessPrototypes(): object {
  const proxy: object = new Proxy({}, { getPrototypeOf: () => proxy });
  return proxy;
}

function longWay(): unknown {
  let way: unknown = 1n;
  for (let i = 0; i < 900; i += 1) way = [way];
  return way;
}
