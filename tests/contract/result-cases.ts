import { expect } from "vitest";
import { type Case, withStatus } from "./cases.ts";

/** Code whose result `JSON.stringify` of any runtime writes as well, and that text. */
export const PLAIN = {
  code: `export default function main() {
    class Point { constructor(x) { this.x = x } get y() { return 1 } move() {} }
    class Empty {}
    class Own { #n = 1; toJSON() { return { n: this.#n } } }
    let reads = 0;
    return [
      [-0, 1e400, NaN, 1e21, 0.1, undefined, () => 1, Symbol("s"), null, true],
      { a: undefined, b() {}, [Symbol("s")]: 1, c: 1, 2: "two", 1: "one", "": 0 },
      [new Number(1), new String("s"), new Boolean(false), Object("x")],
      [new Date(0), new Date(NaN), new URL("http://x.example/y"), new Own()],
      [new Point(1), new Empty(), Object.create({ inherited: 1 }), Object.create(null)],
      JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
      { get once() { reads += 1; return reads } },
      { toJSON: (key) => [key] }, { toJSON: 1 }, { toJSON() { return undefined } },
      Object.assign([1], { own: 1, toJSON() { return "array" } }),
      [, 1, ,], (function () { return arguments })(1, 2),
      "\\ud800 \\u2028 \\u0000 \\"\\\\", new Proxy({ a: [1] }, {}), new Proxy([1, 2], {}),
      Object.freeze({ frozen: Object.freeze([1]) }),
      Object.defineProperty({ seen: 1 }, "hidden", { value: 2 }),
      Object.assign(() => 1, { toJSON: () => "function" }),
    ];
  }`,
  text: String.raw`[[0,null,null,1e+21,0.1,null,null,null,null,true],{"1":"one","2":"two","c":1,"":0},[1,"s",false,"x"],["1970-01-01T00:00:00.000Z",null,"http://x.example/y",{"n":1}],[{"x":1},{},{},{}],{"__proto__":{"a":1},"constructor":2},{"once":1},["7"],{"toJSON":1},null,"array",[null,1,null],{"0":1,"1":2},"\ud800 ${"\u2028"} \u0000 \"\\",{"a":[1]},[1,2],{"frozen":[1]},{"seen":1},"function"]`,
};

/** Results that JSON itself would empty, and those that are an error which says where. */
export const RESULTS: readonly Case[] = [
  ...withStatus("ok", [
    {
      name: "writes what JSON.stringify writes",
      code: PLAIN.code,
      entry: "main",
      result: JSON.parse(PLAIN.text),
    },
    {
      name: "writes what objects hold that JSON would empty",
      code: `export default () => {
        class Bag { #items = [1, 2]; *[Symbol.iterator]() { yield* this.#items } }
        class Query { then(resolve) { resolve({ rows: [new Set([1])] }) } }
        class Named extends Map { get [Symbol.toStringTag]() { return "Named" } }
        return {
          promise: Promise.resolve(new Map([[1, Promise.resolve(2)]])),
          list: [1, 2].map(async (x) => x * 2),
          none: Promise.resolve(), query: new Query(), named: new Named([["k", 1]]),
          generator: (function* () { yield 1; yield Promise.resolve(2) })(),
          steps: (async function* () { yield 1; yield { at: new Date(0) } })(),
          iterators: [new Map([[1, 2]]).entries(), new Set([3]).values(), [4].values()], bag: new Bag(),
          headers: new Headers([["b", "1"], ["Set-Cookie", "x"], ["set-cookie", "y"]]),
          search: new URLSearchParams("a=1&a=2"), pattern: /a/gi,
          bytes: [new DataView(new Uint8Array([1, 2, 3]).buffer, 1), new Uint8Array([4]).buffer],
          toJSON: undefined,
        };
      }`,
      result: {
        promise: [[1, 2]],
        list: [2, 4],
        query: { rows: [[1]] },
        named: [["k", 1]],
        generator: [1, 2],
        steps: [1, { at: "1970-01-01T00:00:00.000Z" }],
        iterators: [[[1, 2]], [3], [4]],
        bag: [1, 2],
        headers: { b: "1", "set-cookie": ["x", "y"] },
        search: [
          ["a", "1"],
          ["a", "2"],
        ],
        pattern: "/a/gi",
        bytes: [[2, 3], [4]],
      },
    },
    {
      name: "converts what toJSON returns like any other value",
      code: `export default () => ({
        map: { toJSON: () => new Map([[1, 2]]) }, bytes: { toJSON: () => new Uint8Array([1, 2]) },
        error: { toJSON: () => new Error("x") }, date: { toJSON: () => new Date(0) },
        later: { toJSON: async () => new Set([1]) }, self: { a: 1, toJSON() { return this } },
      })`,
      result: {
        map: [[1, 2]],
        bytes: [1, 2],
        error: { name: "Error", message: "x" },
        date: "1970-01-01T00:00:00.000Z",
        later: [1],
        self: { a: 1 },
      },
    },
    {
      name: "collects an async generator that is the entry",
      code: "export default async function* () { yield 1; yield [2] }",
      result: [1, [2]],
    },
    {
      name: "writes the data of errors, and leaves out what JSON cannot hold of it",
      code: `export default () => {
        const socket = {}; socket.socket = socket;
        const error = new RangeError("far", { cause: new Error("why") });
        const circle = new Error("round"); circle.cause = circle;
        let deep = new Error("0"); for (let i = 1; i < 1e4; i++) deep = new Error("" + i, { cause: deep });
        let levels = 0;
        return [
          Object.assign(error, { code: "E_FAR", status: 404, details: { at: [1] }, socket, big: 1n, retry() {} }),
          new AggregateError([new TypeError("a"), 2], "both"), circle, { deep },
        ];
      }`,
      check: ({ result }) => {
        const [far, both, circle, { deep }] = result as [
          unknown,
          unknown,
          unknown,
          { deep: Chain },
        ];
        const expected = [
          {
            name: "RangeError",
            message: "far",
            code: "E_FAR",
            status: 404,
            details: { at: [1] },
            cause: { name: "Error", message: "why" },
          },
          {
            name: "AggregateError",
            message: "both",
            errors: [{ name: "TypeError", message: "a" }, 2],
          },
          { name: "Error", message: "round" },
        ];
        const given = JSON.stringify([far, both, circle]);
        if (given !== JSON.stringify(expected)) throw new Error(given);
        let causes = 0;
        for (let at: Chain | undefined = deep; at !== undefined; at = at.cause) causes += 1;
        if (causes > 20) throw new Error(`${causes} causes`);
      },
    },
    {
      name: "asks code's own toJSON on prototypes, also on frozen ones",
      code: `export default () => {
        BigInt.prototype.toJSON = function () { return String(this) };
        Map.prototype.toJSON = function () { return this.size };
        for (const type of [Map, Set, Error, Uint8Array, ArrayBuffer]) Object.freeze(type.prototype);
        return { big: 2n ** 64n, map: new Map([[1, 2]]), set: new Set([1]), list: new BigInt64Array(1) };
      }`,
      result: { big: "18446744073709551616", map: 1, set: [1], list: ["0"] },
    },
    {
      name: "survives a toJSON on the prototype of all objects",
      code: `export default () => {
        Object.prototype.toJSON = function () { return this };
        return { a: [1, { b: new Map([[1, [{ c: 2 }]]]) }], d: Promise.resolve([3]) };
      }`,
      result: { a: [1, { b: [[1, [{ c: 2 }]]] }], d: [3] },
    },
  ]),
  ...withStatus("error", [
    ...(
      [
        [
          "{ r: new Response('x') }",
          "A Response cannot be returned as JSON: result.r; return its content",
        ],
        [
          "[{ 'a b': new Blob([]) }]",
          'A Blob cannot be returned as JSON: result[0]["a b"]; return its',
        ],
        [
          "({ a: { w: new WeakMap() } })",
          "A WeakMap cannot be returned as JSON: result.a.w; return what it",
        ],
        ["[new Intl.NumberFormat()]", "An Intl.NumberFormat cannot be returned as JSON: result[0]"],
        [
          "({ p: new (class Secret { #x = 1 })() })",
          "A Secret cannot be returned as JSON: result.p",
        ],
        [
          "({ total: [2n ** 64n] })",
          "A BigInt cannot be returned as JSON: result.total[0]; return String(x)",
        ],
        [
          "({ s: { get a() { throw new Error('own') } } })",
          "The result cannot be written as JSON: own: result.s",
        ],
        [
          "({ x: Object.create({ get then() { throw new Error('no then') } }) })",
          "The result cannot be written as JSON: no then: result.x",
        ],
        [
          "({ x: new Proxy({}, { ownKeys() { throw new Error('no keys') } }) })",
          "The result cannot be written as JSON: no keys: result.x",
        ],
        [
          "(() => { class Again { toJSON() { return { again: new Again() } } } return new Again() })()",
          "The result is nested deeper than 1000 levels",
        ],
      ] as const
    ).map(([value, message]) => ({
      name: `says where a result cannot be written: ${value}`,
      code: `export default () => (${value})`,
      fault: ["SerializationError", new RegExp(escaped(message))] as const,
    })),
    {
      name: "tells what a getter of a result has thrown",
      code: "export default () => ({ a: [{ get b() { throw new RangeError('own') } }] })",
      fault: ["SerializationError", "The result cannot be written as JSON: own: result.a[0]"],
      check: ({ fault }) => {
        expect(fault?.cause).toMatchObject({ name: "RangeError", message: "own" });
        expect(fault?.cause?.stack).toMatch(/^RangeError: own\n +at .*get b/);
      },
    },
    {
      name: "fails with the reason of a promise in the result, and says where it was",
      code: "export default () => ({ a: [new Promise(() => {}), 1, Promise.reject(new TypeError('no'))] })",
      fault: ["TypeError", /^no \(in result\.a\[2\]\)$/],
    },
    {
      name: "bounds an iterator without an end",
      code: "export default () => ({ all: (async function* () { for (;;) yield 'item' })() })",
      fault: ["OutputLimitError", "The result exceeds 4194304 bytes: result.all"],
    },
    {
      name: "bounds a hundred large strings",
      code: "export default () => { const s = 'x'.repeat(1e8); return [Array(100).fill(s)] }",
      fault: ["OutputLimitError", "The result exceeds 4194304 bytes: result[0]"],
    },
    {
      name: "bounds properties, also those that JSON leaves out",
      code: `export default () => {
        const many = {}; for (let i = 0; i < 3e5; i++) many["k" + i] = undefined; return { many };
      }`,
      fault: ["OutputLimitError", "The result holds more than 200000 members of objects"],
    },
    {
      name: "bounds objects that are shared beyond number",
      code: "export default () => { let a = {}; for (let i = 0; i < 60; i++) a = [a, a]; return a }",
      fault: ["OutputLimitError", "The result holds more than 100000 arrays and objects"],
    },
  ]),
  {
    name: "times out with a promise in the result that never settles",
    code: "export default () => ({ a: new Promise(() => {}) })",
    timeout: 300,
    status: "timeout",
  },
];

interface Chain {
  readonly cause?: Chain;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
