import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRich } from "../../../runner-image/rich.ts";
import { MAX_NUMERIC_KEYS, OUTPUT_LIMITS } from "../../../src/protocol/limits.ts";
import { decodeRich, RichError, type RichResult } from "../../../src/protocol/rich.ts";
import { runs } from "../../helpers/fuzz.ts";

const NOTHING = new Uint8Array(0);
const TYPES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
];
const PROTOTYPES = new Set<unknown>(
  [Object, Array, Date, Map, Set, ArrayBuffer, ...TYPES].map((type) => type.prototype),
);

function encode(value: unknown): RichResult {
  const encoded = encodeRich(value, OUTPUT_LIMITS);
  if (encoded === undefined) throw new Error("Nothing was encoded");
  return encoded;
}

function failure(value: unknown): unknown {
  try {
    return encode(value);
  } catch (thrown) {
    const { name, message } = thrown as Error;
    return [name, message];
  }
}

const binary = fc
  .tuple(fc.constantFrom(...TYPES), fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(7))
  // A view of the middle of a buffer.
  .map(([Type, bytes, length]) => new Type(bytes.slice().buffer as ArrayBuffer, 8, length));
const value = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString")),
  values: [
    ...[fc.string({ unit: "binary" }), fc.double(), fc.integer(), fc.boolean(), fc.bigInt()],
    ...[
      fc.constantFrom(undefined, null, -0, ""),
      fc.date({ noInvalidDate: true }),
      binary,
      binary.map(({ buffer }) => buffer),
    ],
  ],
  withMap: true,
  withSet: true,
});
const mapWithAnyKeys = fc
  .array(fc.tuple(value, value), { maxLength: 3 })
  .map((all) => new Map(all));

/** Values that a sandbox might invent: similar to nodes, with similar content. */
const { node } = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, -1, 8, 1e308, true, "", "NaN", "-1f", "0x", "Uint8Array", "Function"),
    fc
      .tuple(
        fc.constantFrom(
          "array",
          "undefined",
          "number",
          "bigint",
          "date",
          "map",
          "set",
          "bytes",
          "x",
        ),
        fc.array(tie("node"), { maxLength: 4 }),
      )
      .map(([tag, content]) => [tag, ...content]),
    fc.array(tie("node"), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom("__proto__", "a", "constructor"), tie("node")), {
        maxLength: 3,
      })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));

/** Lists all objects in a value, including itself. */
function objectsIn(whole: unknown): object[] {
  if (typeof whole !== "object" || whole === null) return [];
  const parts =
    whole instanceof Map
      ? [...whole.keys(), ...whole.values()]
      : whole instanceof Set
        ? [...whole]
        : ArrayBuffer.isView(whole)
          ? []
          : Object.values(whole);
  return [whole, ...parts.flatMap(objectsIn)];
}

describe("a rich result", () => {
  it("is read as it was", () => {
    fc.assert(
      fc.property(fc.oneof(value, mapWithAnyKeys), (written) => {
        fc.pre(written !== undefined);
        expect(isDeepStrictEqual(decodeRich(encode(written)), written)).toBe(true);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("is read from anything at all, or refused as such", () => {
    const hostile = fc.oneof(
      node.map((made) => JSON.stringify(made)),
      fc.string(),
      fc.json(),
    );
    let read = 0;
    fc.assert(
      fc.property(hostile, fc.uint8Array({ maxLength: 16 }), (text, bytes) => {
        let decoded: unknown;
        try {
          decoded = decodeRich({ text, binary: bytes });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RichError);
          return;
        }
        read += 1;
        for (const object of objectsIn(decoded)) {
          expect(PROTOTYPES.has(Object.getPrototypeOf(object))).toBe(true);
        }
      }),
      { numRuns: runs(20_000) },
    );
    expect(read).toBeGreaterThan(runs(100));
  });

  it("gives each binary value memory of its own", () => {
    const shared = Uint8Array.of(1, 2, 3, 4);
    const [a, b] = decodeRich(encode([shared, shared.subarray(1, 3)])) as [Uint8Array, Uint8Array];
    expect([a.buffer.byteLength, b.buffer.byteLength, [...b]]).toEqual([4, 2, [2, 3]]);
    expect(decodeRich(encode(Buffer.from("x")))).toStrictEqual(Uint8Array.of(120));
  });

  it.each([
    ["more bytes than there are", '["bytes","Uint8Array",2]', 1],
    ["fewer bytes than there are", '["bytes","Uint8Array",1]', 2],
    ["bytes twice", '["array",["bytes","Uint8Array",1],["bytes","Uint8Array",1]]', 1],
    ["a negative length", '["bytes","Uint8Array",-1]', 0],
    ["half an element", '["bytes","Uint16Array",1]', 1],
    ["another kind of array", '["bytes","SharedArrayBuffer",1]', 1],
    ["an unknown tag", '["regexp","(a+)+$"]', 0],
    ["no tag", "[]", 0],
    ["a key without a value", '["map",1]', 0],
    ["no bigint", '["bigint","1_0"]', 0],
    ["a date beyond time", '["date",8640000000000001]', 0],
    ["100,000 levels", `${'["array",'.repeat(1e5)}1${"]".repeat(1e5)}`, 0],
  ])("is not read from %s", (_what, text, length) => {
    expect(() => decodeRich({ text, binary: new Uint8Array(length) })).toThrow(RichError);
  });

  it("is not read from numbers as keys beyond a limit, which could all collide", () => {
    const keys = Array.from(
      { length: MAX_NUMERIC_KEYS },
      (_, i) => `["bigint","${i}0000000000000001"]`,
    );
    const decoded = decodeRich({ text: `["set",${keys.join()}]`, binary: NOTHING });
    expect((decoded as Set<bigint>).size).toBe(MAX_NUMERIC_KEYS);
    const one = `["set",${keys.join()},1]`;
    expect(() => decodeRich({ text: one, binary: NOTHING })).toThrow("numbers as keys");
  });

  it.each([
    ["a function", { a: [() => 1] }, "A function cannot be returned: result.a[0]"],
    ["a symbol", new Map([["k", Symbol("s")]]), "A symbol cannot be returned: result[0]"],
    ["a promise", [Promise.resolve()], "A Promise cannot be returned: result[0]"],
    ["a WeakMap", { a: new WeakMap() }, "A WeakMap cannot be returned: result.a"],
    [
      "a throwing getter",
      {
        get a() {
          throw new Error("mine");
        },
      },
      "The result cannot be written: mine: result",
    ],
  ])("cannot be %s", (_what, written, message) => {
    expect(failure(written)).toEqual(["SerializationError", message]);
  });

  it("cannot be a circle, but can hold the same twice", () => {
    const circle: Record<string, unknown> = { n: 1 };
    circle.map = new Map([[1, circle]]);
    const message = "A circle cannot be returned: result.map[0]";
    expect(failure(circle)).toEqual(["SerializationError", message]);
    expect(decodeRich(encode(new Date(Number.NaN)))).toStrictEqual(new Date(Number.NaN));
    const twice = { n: 1 };
    expect(decodeRich(encode([twice, twice]))).toEqual([twice, twice]);
  });

  it("has instances as plain objects, or as what their toJSON says", () => {
    class Point {
      readonly x = 1n;
      get length() {
        return 1;
      }
    }
    class Tagged {
      readonly [Symbol.toStringTag] = "Map";
      readonly a = 1;
    }
    const written = [new Point(), new Tagged(), new URL("http://h/"), new TypeError("t")];
    const error = { name: "TypeError", message: "t" };
    expect(decodeRich(encode(written))).toStrictEqual([{ x: 1n }, { a: 1 }, "http://h/", error]);
  });

  it("is bounded, its binary values included", () => {
    const limits = { ...OUTPUT_LIMITS, resultBytes: 1_000 };
    const tooMuch = { name: "OutputLimitError", message: "The result exceeds 1000 bytes" };
    const sparse: unknown[] = [];
    sparse.length = 4e9;
    for (const written of [new Uint8Array(1_000), "x".repeat(1_000), sparse, 1n << 8_000n]) {
      expect(() => encodeRich(written, limits)).toThrow(expect.objectContaining(tooMuch));
    }
    expect(encodeRich(new Uint8Array(900), limits)?.binary).toHaveLength(900);
  });
});
