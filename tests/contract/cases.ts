import type { Outcome, Status } from "../../src/engines/contract/contract.ts";
import type { Language, ToolUse } from "../../src/protocol/messages.ts";

/** A piece of code and its expected result, on every engine. */
export interface Case {
  readonly name: string;
  readonly code: string;
  readonly language?: Language;
  readonly input?: unknown;
  readonly entry?: string;
  readonly timeout?: number;
  readonly tools?: readonly ToolUse[];
  readonly attachments?: readonly Uint8Array[];
  /** Context of the call. Default: none. */
  readonly callContext?: object;
  /** True if the result must come back as the value it was. `resultBytes` is its limit. */
  readonly rich?: true;
  readonly resultBytes?: number;
  readonly status: Status;
  readonly result?: unknown;
  /** Name and message of the fault; a regular expression where engines use different words. */
  readonly fault?: readonly [name: string, message: string | RegExp];
  /** Advice in the exception's entry for a change of the request. */
  readonly hint?: string;
  /** Level and message of each log entry before the exception. */
  readonly logs?: readonly (readonly [level: string, message: string])[];
  /** True if only a boundary around the code can ensure this: level `none` has none. */
  readonly isolation?: true;
  readonly check?: (outcome: Outcome) => void;
}

/** Makes cases that all end with the same status. */
export function withStatus(
  status: Status,
  cases: readonly Omit<Case, "status">[],
): readonly Case[] {
  return cases.map((item) => ({ status, ...item }));
}

export const VALUES = withStatus("ok", [
  { name: "calls the default export", code: "export default (x) => x * 2", input: 21, result: 42 },
  {
    name: "calls a named entry",
    code: "export const add = (x) => x.a + x.b",
    input: { a: 1, b: 2 },
    entry: "add",
    result: 3,
  },
  ...["x", "日"].map((letter) => ({
    name: `runs 8 MiB of code with the letter ${letter}`,
    code: `export default (x) => x * 2; /*${letter.repeat(8_388_000 / Buffer.byteLength(letter))}*/`,
    input: 21,
    result: 42,
  })),
  {
    name: "calls a default export by its function's name",
    code: "export default function add(x) { return x.a + x.b }",
    input: { a: 1, b: 2 },
    entry: "add",
    result: 3,
  },
  {
    name: "prefers an export to a default export of that name",
    code: "export default function add() { return 'default' }\nconst own = () => 'own';\nexport { own as add }",
    entry: "add",
    result: "own",
  },
  {
    name: "accepts TypeScript",
    code: "interface P { n: number }\nexport default (p: P): number => p.n as number",
    input: { n: 7 },
    result: 7,
  },
  {
    name: "accepts TypeScript enums",
    code: "enum E { A = 4 }\nexport default () => E.A",
    result: 4,
  },
  {
    name: "awaits the entry",
    code: "export default async (xs) => Promise.all(xs.map(async (x) => { await new Promise((r) => setTimeout(r, 10)); return x.toUpperCase(); }))",
    input: ["a", "b"],
    result: ["A", "B"],
  },
  {
    name: "supports top-level await",
    code: "const x = await Promise.resolve(3);\nexport default () => x",
    result: 3,
  },
  {
    name: "passes no argument when there is no input",
    code: "export default (...args) => args.length",
    result: 0,
  },
  {
    name: "passes null as an argument",
    code: "export default (...args) => args",
    input: null,
    result: [null],
  },
  {
    name: "keeps a __proto__ key of the input a plain key",
    code: "export default (x) => [Object.keys(x), ({}).polluted ?? null]",
    input: JSON.parse('{"__proto__":{"polluted":1}}'),
    result: [["__proto__"], null],
  },
  { name: "has no result for undefined", code: "export default () => {}", result: undefined },
  { name: "returns null", code: "export default () => null", result: null },
  {
    name: "writes NaN as null",
    code: "export default () => [NaN, Infinity]",
    result: [null, null],
  },
  {
    name: "writes a Date as ISO text",
    code: "export default () => new Date(0)",
    result: "1970-01-01T00:00:00.000Z",
  },
  {
    name: "writes Map and Set as arrays",
    code: "export default () => [new Map([['a', 1]]), new Set([1, 2])]",
    result: [[["a", 1]], [1, 2]],
  },
  {
    name: "writes typed arrays and buffers as numbers",
    code: "export default () => [new Uint8Array([1, 2]), new Float64Array([0.5]), new Uint8Array([9]).buffer]",
    result: [[1, 2], [0.5], [9]],
  },
  {
    name: "writes an error by name and message",
    code: "export default () => ({ e: new TypeError('x') })",
    result: { e: { name: "TypeError", message: "x" } },
  },
  {
    name: "leaves undefined and functions out of objects",
    code: "export default () => ({ a: undefined, b: () => 1, c: 1 })",
    result: { c: 1 },
  },
  {
    name: "honours toJSON",
    code: "export default () => ({ toJSON: () => 'mine' })",
    result: "mine",
  },
  {
    name: "keeps all of Unicode",
    code: "export default (x) => x + '\\u{1F600}\\u0000'",
    input: "é\ud800",
    result: "é\ud800\u{1F600}\u0000",
  },
  {
    name: "does not leak its serialiser to user code",
    code: "export default () => [typeof Map.prototype.toJSON, JSON.stringify(new Map([[1, 2]]))]",
    result: ["undefined", "{}"],
  },
  {
    name: "returns a megabyte",
    code: "export default () => 'x'.repeat(1e6)",
    check: ({ result }) => {
      if (String(result).length !== 1e6) throw new Error("cut");
    },
  },
]);

export const FAILURES = withStatus("error", [
  {
    name: "reports a thrown error",
    code: "export default (x) => { if (!x) throw new Error('Input is required'); }",
    input: null,
    fault: ["Error", "Input is required"],
  },
  {
    name: "keeps the name of a custom error",
    code: "class PaymentError extends Error { name = 'PaymentError' }\nexport default () => { throw new PaymentError('no') }",
    fault: ["PaymentError", "no"],
  },
  {
    name: "takes what the stack says of the runner for a text",
    code: `export default () => {
      const error = new Error("mine");
      const [runner = ""] = /[^\\s(]+worker\\.js|isolate:runner/.exec(error.stack) ?? [];
      error.stack = "Error " + runner + "\\n at somewhere";
      throw error;
    }`,
    fault: ["Error", "mine"],
  },
  {
    name: "shows a stack in the user's own file",
    code: "export default () => { throw new Error('x') }",
    fault: ["Error", "x"],
    check: ({ fault }) => {
      if (!/^Error: x\n {4}at \w+ \(main\.ts:\d+:\d+\)$/.test(fault?.stack ?? ""))
        throw new Error(`stack: ${fault?.stack}`);
    },
  },
  {
    name: "reports a TypeError",
    code: "export default (x) => x.foo.bar",
    input: {},
    fault: ["TypeError", "Cannot read properties of undefined (reading 'bar')"],
  },
  {
    name: "reports a ReferenceError",
    code: "export default () => missing",
    fault: ["ReferenceError", "missing is not defined"],
  },
  {
    name: "reports a syntax error",
    code: "export default (x) => { return x +",
    fault: ["SyntaxError", /./],
  },
  {
    name: "reports an error at the top level",
    code: "throw new RangeError('top');\nexport default () => 1",
    fault: ["RangeError", "top"],
  },
  {
    name: "turns a thrown number into an Exception",
    code: "export default () => { throw 404 }",
    fault: ["Exception", "404"],
  },
  {
    name: "turns a thrown string into an Exception",
    code: "export default () => { throw 'words' }",
    fault: ["Exception", "words"],
  },
  {
    name: "survives throwing undefined",
    code: "export default () => { throw undefined }",
    fault: ["Exception", "undefined"],
  },
  {
    name: "survives throwing a symbol",
    code: "export default () => { throw Symbol('s') }",
    fault: ["Exception", "Symbol(s)"],
  },
  {
    name: "survives an error whose message throws",
    code: "export default () => { const e = new Error(); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e }",
    fault: ["Exception", "The thrown value cannot be described"],
  },
  {
    name: "survives an error whose name is no string",
    code: "export default () => { const e = new Error('m'); e.name = { toString() { return 'Odd' } }; throw e }",
    fault: ["Odd", "m"],
  },
  {
    name: "shortens an endless message",
    code: "export default () => { throw new Error('x'.repeat(1e6)) }",
    check: ({ fault }) => {
      if ((fault?.message.length ?? 0) > 20_000) throw new Error("not shortened");
    },
  },
  {
    name: "reports a rejection",
    code: "export default () => Promise.reject(new Error('async'))",
    fault: ["Error", "async"],
  },
  {
    name: "reports a rejection nobody handles",
    code: "export default async () => { Promise.reject('unhandled') }",
    fault: ["Exception", "unhandled"],
  },
  {
    name: "reports a rejection nobody handles, although there is a value",
    code: "export default async () => { Promise.reject(new Error('lost')); return 1 }",
    fault: ["Error", "lost"],
  },
  {
    name: "reports a timer that fails while the entry is awaited",
    code: "export default async () => { setTimeout(() => { throw new Error('timer') }, 5); await new Promise((r) => setTimeout(r, 200)) }",
    fault: ["Error", "timer"],
  },
  {
    name: "reports a timer that fails after a function without a value",
    code: "export default () => { setTimeout(() => { throw new Error('later') }, 10) }",
    fault: ["Error", "later"],
  },
  {
    name: "says that an entry is not a function",
    code: "export default 'not a function'",
    fault: ["EntryError", 'Entry "default" is not a function'],
    hint: "The module exports no function, and the entry is of type string: write export default () => { … }",
  },
  {
    name: "does not call a default export of another name",
    code: "export default function other() { return 1 }",
    entry: "main",
    fault: ["EntryError", 'Entry "main" is not a function'],
    hint: 'The module has a default export: leave "entry" out to call it',
  },
  {
    name: "says that an entry does not exist",
    code: "export default () => 1",
    entry: "main",
    fault: ["EntryError", 'Entry "main" is not a function'],
    hint: 'The module has a default export: leave "entry" out to call it',
  },
  {
    name: "does not take an inherited property for an entry",
    code: "export default () => 1",
    entry: "toString",
    fault: ["EntryError", 'Entry "toString" is not a function'],
    hint: 'The module has a default export: leave "entry" out to call it',
  },
  {
    name: "cannot return a function",
    code: "export default () => () => 1",
    fault: ["SerializationError", "A function cannot be returned as JSON"],
  },
  {
    name: "cannot return a symbol",
    code: "export default () => Symbol('s')",
    fault: ["SerializationError", "A symbol cannot be returned as JSON"],
  },
  {
    name: "cannot return a BigInt",
    code: "export default () => ({ n: 10n })",
    fault: ["SerializationError", /BigInt/],
  },
  {
    name: "cannot return a circle",
    code: "export default () => { const a = {}; a.a = a; return a }",
    fault: ["SerializationError", /circular/],
  },
  {
    name: "cannot return 100,000 levels",
    code: "export default () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a }",
    fault: ["SerializationError", "The result is nested deeper than 1000 levels"],
  },
  {
    name: "cannot return 1,001 levels",
    code: "export default () => { let a = []; for (let i = 0; i < 1001; i++) a = [a]; return a }",
    fault: ["SerializationError", "The result is nested deeper than 1000 levels"],
  },
  {
    name: "cannot return what throws in toJSON",
    code: "export default () => ({ toJSON() { throw new Error('mine') } })",
    fault: ["SerializationError", /mine/],
  },
  {
    name: "limits a long string",
    code: "export default () => 'x'.repeat(5e8)",
    fault: ["OutputLimitError", "The result exceeds 4194304 bytes"],
  },
  {
    name: "limits a large object",
    code: "export default () => Array.from({ length: 35e4 }, (_, i) => 'item ' + i)",
    fault: ["OutputLimitError", "The result exceeds 4194304 bytes"],
  },
  {
    name: "limits what is slow to parse",
    code: "export default () => Array.from({ length: 3e5 }, () => ({}))",
    fault: ["OutputLimitError", "The result holds more than 100000 arrays and objects"],
  },
  {
    name: "limits names, which are slow to parse as well",
    code: "export default () => Object.fromEntries(Array.from({ length: 25e4 }, (_, i) => [i, 1]))",
    fault: ["OutputLimitError", "The result holds more than 200000 members of objects"],
  },
  {
    name: "limits bytes, not characters",
    code: "export default () => '\\u20ac'.repeat(2e6)",
    fault: ["OutputLimitError", "The result exceeds 4194304 bytes"],
  },
  {
    name: "cannot make a string of 1 GB",
    code: "export default () => 'x'.repeat(1e9)",
    fault: ["RangeError", "Invalid string length"],
  },
  {
    name: "has no crypto without the tool",
    code: "export default () => crypto.randomUUID()",
    fault: ["ReferenceError", "crypto is not defined"],
    hint: 'Add "crypto" to "tools"',
  },
  {
    name: "has no CommonJS",
    code: "module.exports = () => 1",
    fault: ["ReferenceError", "module is not defined"],
    hint: 'Code is an ES module: use "import" and "export"',
  },
  {
    name: "has no require()",
    code: "export default () => require('fs')",
    fault: ["ReferenceError", "require is not defined"],
    hint: 'Code is an ES module: use "import" and "export"',
  },
  {
    name: "has no line to the host",
    code: "export default () => { for (let i = 0; i < 1e6; i++) postMessage(i) }",
    fault: ["ReferenceError", "postMessage is not defined"],
  },
]);
