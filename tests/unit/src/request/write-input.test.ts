import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadRequest, PayloadTooLarge } from "../../../../src/base/errors.ts";
import { MAX_DEPTH, MAX_NUMERIC_KEYS } from "../../../../src/protocol/limits.ts";
import { decodeRichInput, RICH_INPUT } from "../../../../src/protocol/rich.ts";
import { writeInput } from "../../../../src/request/write-input.ts";

function roundTrip(input: unknown): unknown {
  const text = writeInput(input);
  if (text === undefined) return undefined;
  return text.startsWith(RICH_INPUT) ? decodeRichInput(text) : JSON.parse(text);
}

function refusal(input: unknown): unknown {
  try {
    return writeInput(input);
  } catch (error) {
    expect(error).toBeInstanceOf(BadRequest);
    const { field, message } = error as BadRequest;
    return [field, message];
  }
}

class User {
  readonly name = "Alice";
  greet(): string {
    return `Hello ${this.name}`;
  }
}

const value = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString")),
  values: [
    ...[fc.string({ unit: "binary" }), fc.double(), fc.integer(), fc.boolean(), fc.bigInt()],
    fc.constantFrom(undefined, null, -0, ""),
    // Node 20 finds no two invalid ones equal: they have a test of their own.
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.float64Array(),
  ],
  withMap: true,
  withSet: true,
  withNullPrototype: true,
});

describe("writeInput", () => {
  it("gives any value of data back", () => {
    fc.assert(
      fc.property(value, (input) => {
        expect(isDeepStrictEqual(roundTrip(input), input)).toBe(true);
      }),
    );
  });

  it("gives an invalid date back", () => {
    const [date] = roundTrip([new Date(Number.NaN)]) as [Date];
    expect(date).toBeInstanceOf(Date);
    expect(date.getTime()).toBeNaN();
  });

  it("writes JSON wherever that holds all", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (input) => {
        fc.pre(!JSON.stringify(input).includes("-0") && !hasMinusZero(input));
        expect(writeInput(input)).toBe(JSON.stringify(input));
      }),
    );
  });

  it.each([
    ["a function", { a: [1, 2, { f: () => 1 }] }, "input.a[2].f", "A function"],
    ["a symbol", { a: { "b c": Symbol("x") } }, 'input.a["b c"]', "A symbol"],
    ["an instance of a class", [new User()], "input[0]", "An instance of User"],
    [
      "an instance in a Map",
      { m: new Map([["k", new User()]]) },
      "input.m[0]",
      "An instance of User",
    ],
    ["a promise", { p: Promise.resolve() }, "input.p", "An instance of Promise"],
    ["shared memory", new SharedArrayBuffer(1), "input", "An instance of SharedArrayBuffer"],
    ["a DataView", [new DataView(new ArrayBuffer(1))], "input[0]", "A DataView"],
    ["a function as the input", () => 1, "input", "A function"],
    [
      "a method beside its toJSON",
      { x: { toJSON: () => ({ f() {} }) } },
      "input.x.toJSON().f",
      "A function",
    ],
  ])("refuses %s, and names its path", (_what, input, path, subject) => {
    expect(refusal(input)).toEqual([path, `${path}: ${subject} cannot be passed to code`]);
  });

  it("passes what an object's toJSON gives, and no other class", () => {
    expect(roundTrip({ url: new URL("http://a.example/b") })).toEqual({
      url: "http://a.example/b",
    });
  });

  it("takes plain objects of other realms, and without a prototype", () => {
    const other: unknown = runInNewContext("({ a: [1, new Map([[1, 2n]])] })");
    expect(roundTrip(other)).toEqual({ a: [1, new Map([[1, 2n]])] });
    for (const bare of [{ a: 1n }, { a: 1 }, JSON.parse('{"__proto__":1}')]) {
      const given = roundTrip(Object.assign(Object.create(null), bare)) as object;
      expect([Object.getPrototypeOf(given), { ...given }]).toEqual([null, bare]);
    }
  });

  it("keeps the errors of an AggregateError, and those of a list like others", () => {
    const both = new AggregateError([new TypeError("a"), 1], "both");
    const given = roundTrip({ both, list: Object.assign(new Error("b"), { errors: [both] }) }) as {
      both: AggregateError;
      list: { errors: unknown[] };
    };
    expect(given.both).toBeInstanceOf(AggregateError);
    expect(given.both.errors).toEqual([new TypeError("a"), 1]);
    expect(Object.keys(given.both)).toEqual([]);
    expect(Object.keys(given.list)).toEqual(["errors"]);
    expect(given.list.errors[0]).toBe(given.both);
  });

  it("keeps the place at which a regular expression goes on", () => {
    const pattern = /a/g;
    pattern.lastIndex = 2;
    expect((roundTrip(pattern) as RegExp).lastIndex).toBe(2);
  });

  it("keeps what views share, in any order, and copies no more than they show", () => {
    const large = new ArrayBuffer(1_000_000);
    const views = {
      small: new Uint8Array(large, 101, 2),
      floats: new Float64Array(large, 104, 1),
      over: new Uint8Array(large, 102, 12),
      apart: new Uint8Array(large, 500, 1),
    };
    expect(writeInput(views)?.length).toBeLessThan(400);
    const given = roundTrip(views) as typeof views;
    expect(given).toEqual(views);
    given.over[0] = 7;
    given.over[2] = 1;
    expect([given.small[1], given.floats[0] !== 0, given.apart.buffer.byteLength]).toEqual([
      7,
      true,
      1,
    ]);
    expect(given.small.buffer).toBe(given.over.buffer);
    const whole = new Uint8Array([1, 2, 3]);
    const [buffer, view, same] = roundTrip([whole.buffer, whole, whole]) as (typeof whole)[];
    expect(view?.buffer).toBe(buffer);
    expect(same).toBe(view);
    // Small buffers of Node have one memory, and nothing in common.
    const [one, other] = roundTrip([Buffer.from("a"), Buffer.from("b")]) as Uint8Array[];
    expect([one?.buffer.byteLength, other?.buffer.byteLength]).toEqual([1, 1]);
  });

  it("takes more numbers as keys than a result may have", () => {
    const numbers = new Set(Array.from({ length: MAX_NUMERIC_KEYS + 1 }, (_, n) => n));
    expect(roundTrip(numbers)).toEqual(numbers);
  });

  it("bounds depth and size", () => {
    let deep: unknown = 1n;
    for (let level = 0; level < MAX_DEPTH; level += 1) deep = level % 2 ? [deep] : { a: deep };
    expect(roundTrip(deep)).toEqual(deep);
    const message = `input: Nested deeper than ${MAX_DEPTH} levels`;
    expect(refusal([deep])).toEqual(["input", message]);
    expect(refusal(new Map([[1, deep]]))).toEqual(["input", message]);
    const bytes = new Uint8Array(40_000_000);
    expect(() => writeInput([bytes, new Uint8Array(bytes)])).toThrow(PayloadTooLarge);
    // A list of holes takes no memory here, and would take it all there.
    expect(() => writeInput(new Array(2 ** 32 - 1))).toThrow(PayloadTooLarge);
  });

  it("tells of a getter that throws", () => {
    const input = {
      get a(): never {
        throw new RangeError("no");
      },
    };
    expect(refusal(input)).toEqual(["input", "input: Cannot be written: no"]);
  });
});

function hasMinusZero(input: unknown): boolean {
  if (typeof input === "object" && input !== null) return Object.values(input).some(hasMinusZero);
  return Object.is(input, -0);
}
