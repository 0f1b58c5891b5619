/** Programs that throw, and what the exception says of each. */
import { expect } from "vitest";
import type { LogEntry } from "../../src/request/types.ts";

/** Module whose entry throws what is named. The same module runs in plain Deno. */
export const THROWING = `
class HttpError extends Error {
  name = "HttpError";
  constructor(message, status) { super(message); this.status = status; }
}
class OldError extends Error {}
OldError.prototype.status = 410;
class Point { x = 1; #y = 2; }
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const chain = (length) => {
  let error = new Error("0");
  for (let i = 1; i <= length; i += 1) error = new Error(String(i), { cause: error });
  return error;
};
const assigned = (fields) => Object.assign(new Error("fields"), fields);
export const cases = {
  cause: () => { throw new Error("outer", { cause: new TypeError("inner", { cause: "why" }) }); },
  causeObject: () => { throw new Error("outer", { cause: { code: 5, list: [1, 2] } }); },
  circle: () => { const error = new Error("round"); error.cause = error; throw error; },
  any: () => Promise.any([Promise.reject(new Error("a")), Promise.reject(new TypeError("b"))]),
  aggregate: () => { throw new AggregateError([1, new Error("x", { cause: new Error("deep") })], "agg"); },
  code: () => { throw assigned({ code: "E_AUTH", status: 404 }); },
  custom: async () => { await wait(1); throw new HttpError("gone", 410); },
  inherited: () => { throw new OldError("old"); },
  list: () => { throw assigned({ errors: [{ path: "a", message: "required" }] }); },
  kinds: () => {
    throw assigned({
      nothing: null, not: NaN, date: new Date(0), never: new Date(NaN), map: new Map([[1, 2]]), pattern: /x/g,
      inner: new RangeError("in"), method() {}, missing: undefined, mixed: [1, undefined, "x"],
    });
  },
  object: () => { throw { code: 401, summary: { message: "Unauthorized" } }; },
  lines: () => { throw { message: "x", big: "y".repeat(100), list: [1, new Map([[1, 2]])], "a-b": -0 }; },
  array: () => { throw [1, { a: "x" }]; },
  map: () => { throw new Map([[{ a: 1 }, new Set([1])]]); },
  instance: () => { throw new Point(); },
  method: () => { throw () => 1; },
  text: () => { throw "words"; },
  number: () => { throw 5n; },
  empty: () => { throw null; },
  dom: () => { throw new DOMException("m", "AbortError"); },
  late: () => new Promise((_, reject) => setTimeout(() => reject(new HttpError("late", 503)), 1)),
};
export default (name) => cases[name]();
`;

type Entry = Partial<LogEntry>;

const at = expect.stringMatching(/^\w*Error: /);

/** Name of a case → its exception, as far as it is the same at every level. */
export const THROWN: Readonly<Record<string, Entry>> = {
  cause: {
    name: "Error",
    message: "outer",
    stack: expect.stringMatching(
      /^Error: outer\n {4}at .*main\.ts[\s\S]*\nCaused by: TypeError: inner\n {4}at .*main\.ts[\s\S]*\nCaused by: why$/,
    ),
    cause: {
      name: "TypeError",
      message: "inner",
      stack: at,
      cause: { name: "Exception", message: "why" },
    },
  },
  causeObject: {
    cause: {
      name: "Exception",
      message: "{ code: 5, list: [ 1, 2 ] }",
      details: { code: 5, list: [1, 2] },
    },
  },
  circle: { message: "round", cause: { name: "Exception", message: "[Circular]" } },
  any: {
    name: "AggregateError",
    message: "All promises were rejected",
    stack: expect.stringMatching(
      /^AggregateError: .*\n {4}Error: a\n {8}at .*\n[\s\S]* {4}TypeError: b\n/,
    ),
    errors: [
      { name: "Error", message: "a", stack: at },
      { name: "TypeError", message: "b", stack: at },
    ],
  },
  aggregate: {
    name: "AggregateError",
    message: "agg",
    errors: [
      { name: "Exception", message: "1" },
      {
        name: "Error",
        message: "x",
        stack: at,
        cause: { name: "Error", message: "deep", stack: at },
      },
    ],
  },
  code: { name: "Error", message: "fields", details: { code: "E_AUTH", status: 404 } },
  custom: { name: "HttpError", message: "gone", details: { status: 410 } },
  inherited: { message: "old", details: { status: 410 } },
  list: { details: { errors: [{ path: "a", message: "required" }] } },
  kinds: {
    details: {
      nothing: null,
      not: null,
      date: "1970-01-01T00:00:00.000Z",
      never: "Invalid Date",
      map: "Map(1) { 1 => 2 }",
      pattern: "/x/g",
      inner: { name: "RangeError", message: "in" },
      mixed: [1, null, "x"],
    },
  },
  object: {
    name: "Exception",
    message: '{ code: 401, summary: { message: "Unauthorized" } }',
    details: { code: 401, summary: { message: "Unauthorized" } },
  },
  lines: {
    name: "Exception",
    message: expect.stringMatching(/^\{\n {2}message: "x",\n/),
    details: { message: "x", list: [1, "Map(1) { 1 => 2 }"] },
  },
  array: { name: "Exception", message: '[ 1, { a: "x" } ]' },
  map: { name: "Exception", message: "Map(1) { { a: 1 } => Set(1) { 1 } }" },
  instance: { name: "Exception", message: "Point { x: 1 }", details: { x: 1 } },
  method: { name: "Exception", message: "[Function (anonymous)]" },
  text: { name: "Exception", message: "words" },
  number: { name: "Exception", message: "5n" },
  empty: { name: "Exception", message: "null" },
  dom: { name: "AbortError", message: "m" },
  late: { name: "HttpError", message: "late", details: { status: 503 } },
};

/** Objects that cost more than they say, each thrown by an expression. */
export const HOSTILE: Readonly<Record<string, string>> = {
  causes: "chain(10_000)",
  errors:
    "new AggregateError(Array.from({ length: 20_000 }, (_, i) => new Error(String(i))), 'many')",
  keys: "(() => { const o = {}; for (let i = 0; i < 200_000; i += 1) o['k' + i] = i; return o; })()",
  nested:
    "(() => { let o = {}; for (let i = 0; i < 100_000; i += 1) o = { o }; return assigned({ o }); })()",
  texts: "assigned({ text: 'x'.repeat(1e8), list: new Array(1e6).fill('z'.repeat(9_999)) })",
  message: "new Error('x'.repeat(1e8), { cause: new Error('y'.repeat(1e8)) })",
  stack: "Object.assign(new Error('s'), { stack: 'x\\n    at y\\n'.repeat(1e6) })",
  getters: `Object.defineProperties(new Error("g"), {
    cause: { get() { throw 1; } }, code: { get() { throw 1; } },
    field: { enumerable: true, get() { throw 1; } }, kept: { enumerable: true, value: 2 } })`,
  proxy: `new Proxy({}, { ownKeys() { throw 1; }, getPrototypeOf() { throw 1; }, get() { throw 1; },
    getOwnPropertyDescriptor() { throw 1; }, has() { throw 1; } })`,
  proxyOfError: "new Proxy(new Error('in'), { getOwnPropertyDescriptor() { throw 1; } })",
  prototype: `JSON.parse('{"__proto__": { "polluted": 1 }, "a": 1 }')`,
  inner: `new Error("outer", { cause: new Proxy(new Error("in"), { get() { throw 1; } }) })`,
};

/** Module whose entry throws the named one of them. */
export const HOSTILE_CODE = `
const chain = (length) => {
  let error = new Error("0");
  for (let i = 1; i <= length; i += 1) error = new Error(String(i), { cause: error });
  return error;
};
const assigned = (fields) => Object.assign(new Error("fields"), fields);
const make = { ${Object.entries(HOSTILE)
  .map(([name, text]) => `${name}: () => ${text}`)
  .join(",\n")} };
export default (name) => { throw make[name](); };
`;

/** Code that replaces what the runner might use, and throws. */
export const TAMPERED = `export default () => {
  Error.prototype.toString = () => { throw 1; };
  Object.defineProperty(Object.prototype, "cause", { get() { throw 1; } });
  Object.defineProperty(Object.prototype, "details", { set() { throw 1; } });
  Set.prototype.has = Set.prototype.add = Array.prototype.map = String.prototype.slice = null;
  Object.keys = Reflect.apply = Function.prototype.call = Function.prototype.bind = null;
  throw Object.assign(new Error("tampered", { cause: new Error("kept") }), { code: 7 });
}`;

/** Code that collects its stacks at each moment at which the runner calls it, or waits for it. */
export const STACKS = `
const stacks = { top: new Error("t").stack };
const take = (moment) => { stacks[moment] ??= new Error("t").stack; };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await null;
take("top, later");
await wait(1);
take("top, after a timer");
const inner = async () => { await null; take("within an async function"); };
export default async function main() {
  take("entry");
  await null;
  take("entry, later");
  await inner();
  await Promise.all([inner(), wait(1)]);
  take("entry, after a timer");
  setTimeout(() => take("timer"), 1);
  const id = setInterval(() => { take("interval"); clearInterval(id); }, 1);
  queueMicrotask(() => take("microtask"));
  Promise.resolve().then(() => take("reaction"));
  channel.on("here", () => take("handler"));
  channel.emit("here", 1);
  const refused = (moment, work) => { try { work(); } catch (error) { stacks[moment] = error.stack; } };
  refused("tool", () => channel.emit(5, 1));
  refused("conversion", () => setTimeout(() => {}, { valueOf() { throw new Error("t"); } }));
  await wait(100);
  return { then(resolve) { take("then"); resolve(stacks); } };
}`;
