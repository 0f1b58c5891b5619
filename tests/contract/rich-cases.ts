import { type Case, withStatus } from "./cases.ts";

const rich = true;

export const RICH: readonly Case[] = [
  ...withStatus("ok", [
    {
      name: "gives a rich result as it was",
      code: `export default () => ({
        none: undefined, big: [-(2n ** 70n)], nan: NaN, minus: -0, end: -Infinity,
        date: new Date(5), map: new Map([[{ a: 1 }, new Set([undefined])]]),
        bytes: new Uint8Array([1, 2, 3]).subarray(1), floats: new Float64Array([0.5]),
        buffer: new Uint8Array([9]).buffer, text: "\\u{1F600}\\ud800",
      })`,
      rich,
      result: {
        none: undefined,
        big: [-(2n ** 70n)],
        nan: Number.NaN,
        minus: -0,
        end: Number.NEGATIVE_INFINITY,
        date: new Date(5),
        map: new Map([[{ a: 1 }, new Set([undefined])]]),
        bytes: Uint8Array.of(2, 3),
        floats: Float64Array.of(0.5),
        buffer: Uint8Array.of(9).buffer,
        text: "\u{1F600}\ud800",
      },
    },
    {
      name: "has no rich result for undefined",
      code: "export default () => {}",
      rich,
      result: undefined,
    },
    { name: "gives a bare bigint", code: "export default () => 1n", rich, result: 1n },
    {
      name: "gives a bare array of bytes",
      code: "export default (_, b) => b",
      attachments: [Uint8Array.of(7)],
      rich,
      result: Uint8Array.of(7),
    },
    {
      name: "keeps a __proto__ key of a rich result a plain key",
      code: 'export default () => JSON.parse(\'{"__proto__":{"polluted":1}}\')',
      rich,
      check: ({ result }) => {
        if (Object.keys(result as object).join() !== "__proto__") throw new Error("merged");
      },
    },
    {
      name: "is not fooled by built-ins that code has replaced before its result is written",
      code: `export default () => {
        const value = [new Map([[1, new Date(0)]]), new Set([1n]), new Uint8Array([1])];
        // The runtimes themselves read the lengths of arrays, and iterate some; a tag is the code's to set.
        const { values } = Array.prototype;
        for (const type of [Map, Set, Date, Uint8Array, Object.getPrototypeOf(Uint8Array), BigInt]) {
          for (const name of Reflect.ownKeys(type.prototype)) {
            if (["constructor", "length", Symbol.toStringTag].includes(name)) continue;
            const get = () => { throw new Error("replaced " + String(name)) };
            Reflect.defineProperty(type.prototype, name, { get });
          }
        }
        Array.prototype[Symbol.iterator] = function () {
          if (this[0] instanceof ArrayBuffer) throw new Error("a buffer is seen");
          return Reflect.apply(values, this, []);
        };
        globalThis.Map = globalThis.Set = globalThis.Uint8Array = globalThis.Object = JSON.stringify = null;
        return value;
      }`,
      rich,
      isolation: true,
      result: [new Map([[1, new Date(0)]]), new Set([1n]), Uint8Array.of(1)],
    },
  ]),
  ...withStatus("error", [
    {
      name: "says where a rich result holds a function",
      code: "export default () => ({ a: [1, () => 1] })",
      rich,
      fault: ["SerializationError", "A function cannot be returned: result.a[1]"],
    },
    {
      name: "cannot give a circle",
      code: "export default () => { const a = {}; a.a = a; return a }",
      rich,
      fault: ["SerializationError", "A circle cannot be returned: result.a"],
    },
    {
      name: "cannot give 1,001 rich levels",
      code: "export default () => { let a = []; for (let i = 0; i < 1001; i++) a = [a]; return a }",
      rich,
      fault: ["SerializationError", "The result is nested deeper than 1000 levels"],
    },
    {
      name: "limits what is binary",
      code: "export default () => [new Uint8Array(1000), new Uint8Array(1000)]",
      rich,
      resultBytes: 2_000,
      fault: ["OutputLimitError", "The result exceeds 2000 bytes"],
    },
  ]),
];
