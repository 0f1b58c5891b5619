import type { Case } from "./cases.ts";

function circle(): object {
  const circle: Record<string, unknown> = { name: "circle", list: [] };
  (circle.list as unknown[]).push(circle, new Map([["self", circle]]), new Set([circle]));
  circle.self = circle;
  return circle;
}

/** A list of 60 levels, each of which holds the one below twice. */
function doubled(): unknown {
  let list: unknown = [];
  for (let level = 0; level < 60; level += 1) list = [list, list];
  return list;
}

/** Inputs that JSON cannot hold. Code gets each as it was. */
export const INPUTS: readonly Case[] = [
  {
    name: "passes Maps, Sets, dates and bigints at any depth",
    code: `export default function ({ all: [map, set, date, big], none }) {
      return [
        map instanceof Map && map.get("k").get(date).has(big), [...set], date instanceof Date,
        date.getTime(), big === -(2n ** 70n), typeof big, none, "none" in arguments[0],
      ].map(String);
    }`,
    input: (() => {
      const date = new Date(5);
      const big = -(2n ** 70n);
      return {
        all: [new Map([["k", new Map([[date, new Set([big])]])]]), new Set(["a", 1]), date, big],
        none: undefined,
      };
    })(),
    status: "ok",
    result: ["true", "a,1", "true", "5", "true", "bigint", "undefined", "true"],
  },
  {
    name: "passes bytes of all kinds, each with a buffer of its own",
    code: `export default (list) => list.map((item) => [
      item.constructor.name, item.byteLength, item.buffer?.byteLength ?? 0, String(item[0] ?? item.byteLength),
      globalThis[item.constructor.name] === item.constructor,
    ])`,
    input: [
      Uint8Array.of(0, 1, 2, 255).subarray(1),
      Buffer.from("\u00e9"),
      Float64Array.of(0.5),
      BigInt64Array.of(-1n),
      Uint8ClampedArray.of(7),
      Uint16Array.of(65_535, 1).buffer,
      new Uint8Array(0),
    ],
    status: "ok",
    result: [
      ["Uint8Array", 3, 3, "1", true],
      ["Uint8Array", 2, 2, "195", true],
      ["Float64Array", 8, 8, "0.5", true],
      ["BigInt64Array", 8, 8, "-1", true],
      ["Uint8ClampedArray", 1, 1, "7", true],
      ["ArrayBuffer", 4, 0, "4", true],
      ["Uint8Array", 0, 0, "0", true],
    ],
  },
  {
    name: "passes a bare bigint",
    code: "export default (x) => [typeof x, String(x * 2n)]",
    input: 21n,
    status: "ok",
    result: ["bigint", "42"],
  },
  {
    name: "passes numbers that JSON has not",
    code: "export default (list) => list.map((x) => [Object.is(x, -0), String(x)])",
    input: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, undefined],
    status: "ok",
    result: [
      [false, "NaN"],
      [false, "Infinity"],
      [false, "-Infinity"],
      [true, "0"],
      [false, "undefined"],
    ],
  },
  {
    name: "passes circles",
    code: `export default (x) => [
      x.self === x, x.list[0] === x, x.list[1].get("self") === x, x.list[2].has(x), x.name,
    ]`,
    input: circle(),
    status: "ok",
    result: [true, true, true, true, "circle"],
  },
  {
    name: "passes an object that occurs often as one",
    code: `export default (list) => {
      let levels = 0;
      for (; list.length > 0; [list] = list, levels += 1) if (list[0] !== list[1]) return "two";
      return levels;
    }`,
    input: doubled(),
    status: "ok",
    result: 60,
  },
  {
    name: "passes errors and regular expressions",
    code: `export default ({ error, pattern }) => [
      error instanceof RangeError, error.message, error.code, error.cause.get("a"),
      Object.keys(error).join(), pattern instanceof RegExp, pattern.exec("xAb").index,
    ]`,
    input: {
      error: Object.assign(new RangeError("Too far", { cause: new Map([["a", 1]]) }), { code: 7 }),
      pattern: /ab/i,
    },
    status: "ok",
    result: [true, "Too far", 7, 1, "code", true, 1],
  },
  {
    name: "keeps a __proto__ key of such an input a plain key",
    code: "export default (x) => [Object.keys(x), x.polluted ?? null, ({}).polluted ?? null]",
    input: Object.assign(JSON.parse('{"__proto__":{"polluted":1}}'), { big: 1n }),
    status: "ok",
    result: [["__proto__", "big"], null, null],
  },
  {
    name: "passes what views share, the errors of an error, and objects without a prototype",
    code: `export default ({ all, part, error, bare, pattern }) => {
      part[0] = 9;
      return [
        all[1], all.buffer === part.buffer, error instanceof AggregateError, error.errors[0].message,
        Object.getPrototypeOf(bare), bare.a, pattern.lastIndex,
      ];
    }`,
    input: (() => {
      const all = new Uint8Array([1, 2, 3]);
      const pattern = /a/g;
      pattern.lastIndex = 2;
      const bare = Object.assign(Object.create(null), { a: 1 });
      const error = new AggregateError([new Error("inner")]);
      return { part: all.subarray(1), all, error, bare, pattern };
    })(),
    status: "ok",
    result: [9, true, true, "inner", null, 1, 2],
  },
  {
    name: "passes JSON that looks like one of its own nodes",
    code: "export default (x) => x",
    input: ["map", ["bigint", "1f"], "rich:"],
    status: "ok",
    result: ["map", ["bigint", "1f"], "rich:"],
  },
  {
    name: "passes text that begins as such an input does",
    code: "export default (x) => x",
    input: 'rich:["bigint","1"]',
    status: "ok",
    result: 'rich:["bigint","1"]',
  },
  {
    name: "passes the context of a call behind the input, as a value of the code's own",
    code: "export default (...args) => [args.length, args[0], args[1], args[1] instanceof Object]",
    input: { n: 1 },
    callContext: { schedule: "nightly", dueAt: "2026-01-01T00:00:00.000Z" },
    status: "ok",
    result: [2, { n: 1 }, { schedule: "nightly", dueAt: "2026-01-01T00:00:00.000Z" }, true],
  },
  {
    name: "leaves the input's place to it before a context, whatever code has made of JSON",
    code: "JSON.parse = () => 'theirs'; export default (...args) => [args.length, args[0] === undefined, args[1].schedule]",
    callContext: { schedule: "s" },
    status: "ok",
    result: [2, true, "s"],
  },
];
