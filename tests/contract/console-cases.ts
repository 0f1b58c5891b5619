import { expect } from "vitest";
import type { Outcome } from "../../src/engines/contract/contract.ts";
import { type Case, withStatus } from "./cases.ts";

/** Makes code of calls that follow each other. */
const main = (...calls: readonly string[]): string =>
  `export default async () => { ${calls.join(";\n")} }`;

const messages = ({ logs }: Outcome): string[] => logs.map(({ message }) => message);

/** Text of the console that is the same under Deno and Node. */
export const CONSOLE: readonly Case[] = withStatus("ok", [
  {
    name: "prints what JSON cannot",
    code: main(
      "const a = { n: 1n }; a.self = a",
      "console.log(a, 5n, Symbol('s'), -0, [undefined, NaN, , /x/g])",
      "console.log({ toJSON() { throw 1 }, get g() { throw 2 } }, new Map([[1, new Set([2])]]))",
      "const o = { a: 1 }; console.log({ x: o, y: o, n: 1n }, class A {}, function f() {})",
      "console.log(new Proxy({ a: 1n }, { get() { throw 3 }, ownKeys() { throw 4 } }), Promise.resolve(1))",
      "console.log(Object.create(null), new (class Point { x = 1 })(), new Date(0), Array(3))",
    ),
    logs: [
      [
        "log",
        "<ref *1> { n: 1n, self: [Circular *1] } 5n Symbol(s) -0 [ undefined, NaN, <1 empty item>, /x/g ]",
      ],
      ["log", "{ toJSON: [Function: toJSON], g: [Getter] } Map(1) { 1 => Set(1) { 2 } }"],
      ["log", "{ x: { a: 1 }, y: { a: 1 }, n: 1n } [class A] [Function: f]"],
      ["log", "{ a: 1n } Promise { 1 }"],
      [
        "log",
        "[Object: null prototype] {} Point { x: 1 } 1970-01-01T00:00:00.000Z [ <3 empty items> ]",
      ],
    ],
  },
  {
    name: "keeps plain data JSON",
    code: main(
      "const o = { a: 1 }",
      "console.log('Processing data:', [1, 2, 3, 4, 5], { a: [null, true, 'x\"'], o, p: o }, {}, [])",
      "console.log({ a: '%s' }, 'x', 1.5, null, undefined)",
      "console.log('%s has', 'it', { a: 1 }, [2])",
      "console.log('100%', [1])",
      "console.error(JSON.parse('{\"__proto__\":1}'))",
    ),
    logs: [
      [
        "log",
        'Processing data: [1,2,3,4,5] {"a":[null,true,"x\\""],"o":{"a":1},"p":{"a":1}} {} []',
      ],
      ["log", '{"a":"%s"} x 1.5 null undefined'],
      ["log", 'it has {"a":1} [2]'],
      ["log", "100% [1]"],
      ["error", '{"__proto__":1}'],
    ],
  },
  {
    name: "knows format specifiers",
    code: main(
      "console.log('%s is %d years, %O %c %%', 'Bob', 42, { a: 1 }, 'color:red')",
      "console.info('%i|%f|%j|%x', 42.9, '1.5', { a: 1 }, 'rest')",
    ),
    logs: [
      ["log", "Bob is 42 years, { a: 1 }  %"],
      ["info", '42|1.5|{"a":1}|%x rest'],
    ],
  },
  {
    name: "has the methods of a console",
    code: main(
      "console.count(); console.count('c'); console.countReset(); console.count()",
      "console.assert(true); console.assert(false, 'yes %s', 1); console.assert(false, [1])",
      "console.group('G'); console.log('a\\nb', { x: 1 }); console.group(); console.warn('w')",
      "console.groupEnd(); console.groupEnd(); console.groupEnd(); console.dirxml('out')",
      "console.dir({ a: { b: 1 } }, { depth: 0 }); console.timeEnd('none'); console.clear()",
      "console.timeStamp(); console.debug()",
    ),
    logs: [
      ["info", "default: 1"],
      ["info", "c: 1"],
      ["info", "default: 1"],
      ["error", "Assertion failed: yes 1"],
      ["error", "Assertion failed: [1]"],
      ["log", "G"],
      ["log", '  a\n  b {"x":1}'],
      ["warn", "    w"],
      ["log", "out"],
      ["log", "{ a: [Object] }"],
      ["warn", "Timer 'none' does not exist"],
      ["log", ""],
    ],
  },
  {
    name: "times, traces and makes tables",
    code: main(
      "console.time('t'); console.timeLog('t', 1); console.timeEnd('t')",
      "console.trace('tr')",
      "console.table([{ a: 1, b: 2 }])",
      "console.log(new Error('outer', { cause: new TypeError('inner') }))",
      "console.log({ e: Object.assign(new Error('own'), { code: 'E1' }) })",
    ),
    check: (outcome) => {
      const [log = "", end = "", trace = "", table = "", error = "", own = ""] = messages(outcome);
      expect(log).toMatch(/^t: \d+(\.\d+)?ms 1$/);
      expect(end).toMatch(/^t: \d+(\.\d+)?ms$/);
      expect(trace).toMatch(/^Trace: tr\n {4}at \w+ \(main\.ts:\d+:\d+\)/);
      expect(table).toMatch(/│ a │ b │\n(.*)\n│ +0 +│ 1 │ 2 │\n/);
      expect(error).toMatch(/^Error: outer\n {4}at \w+ \(main\.ts:\d+:\d+\)/);
      expect(error).toMatch(/\[cause\]: TypeError: inner\n {6}at \w+ \(main\.ts:/);
      expect(own).toMatch(/^\{\n {2}e: Error: own\n.*code: .E1/s);
      for (const text of messages(outcome)) expect(text).not.toMatch(/blob:|worker\.js|isolate:/);
    },
  },
  {
    name: "runs no getter and no trap",
    code: `export default () => {
      let calls = 0;
      const trap = new Proxy({}, { get() { calls += 1; } });
      const proxy = new Proxy({ a: 1 }, trap);
      const getter = { get a() { calls += 1; }, b: [{ get c() { calls += 1; } }] };
      console.log(proxy, [proxy], { proxy }, getter, [getter]);
      console.log("%j", 1, proxy, getter);
      console.dir(proxy); console.dir(getter); console.assert(false, proxy, getter);
      let many = [getter, proxy]; for (let i = 0; i < 8; i++) many = Array(100).fill(many);
      console.log(many); console.log({ many, getter });
      return calls;
    }`,
    result: 0,
  },
  {
    name: "cuts what would take long, and says so",
    code: main(
      "const wide = {}; for (let i = 0; i < 20_000; i++) wide['k' + i] = i",
      "console.log(wide); console.log([1n, wide])",
      "let deep = []; for (let i = 0; i < 100_000; i++) deep = [deep]; console.log(deep)",
      "let many = 1n; for (let i = 0; i < 7; i++) many = Array(100).fill(many); console.log(many)",
      "const map = new Map(); for (let i = 0; i < 20_000; i++) map.set(i, i); console.log(map)",
      "const sparse = []; sparse[4e9] = 1; console.log(sparse)",
      "const text = 'x'.repeat(1e6); console.log(text); console.log({ text, n: 1n })",
      "console.log({ text }); console.log([10n ** 30000n], new String(text), { [text]: 1n })",
      "let e = new Error('0'); for (let i = 0; i < 10_000; i++) e = new Error('e', { cause: e })",
      "console.log(e); console.table(Array(5_000).fill({ a: 1 })); console.dir(deep, { depth: Infinity })",
      "console.count(text); console.assert(false, text); console.group(text); console.groupEnd()",
      "console.table([{ a: 1 }], Array(1_000).fill('a')); console.table([wide]); console.table([{ text }])",
    ),
    check: (outcome) => {
      const found = messages(outcome);
      expect(found).toHaveLength(19);
      expect(found[0]).toMatch(/"k99":99,.* \.\.\. \d+ more items\}$/);
      expect(found[1]).toMatch(/k99: 99,\n +["']\.\.\.["']: 19900 more items\n/);
      expect(found[2]).toContain("[Array]");
      expect(found[3]).toContain("[Array]");
      expect(found[4]).toContain("... 19900 more items");
      expect(found[5]).toContain("<4000000000 empty items>");
      expect(found[6]).toMatch(/x…$/);
      expect(found[7]).toContain("more characters");
      expect(found[8]).toMatch(/more characters\}$/);
      expect(found[9]).toMatch(/^\[ \[BigInt of more .*\] \[String of 1000000 .* more characters/s);
      expect(found[10]).toContain("[Error]");
      expect(found[11]).toContain("... 4900 more items");
      for (const text of found) expect(text.length).toBeLessThanOrEqual(65_536);
    },
  },
]);

/** Bytes that code writes without its console, and the console of its workers. Only of sandboxes. */
export const STREAMS: readonly Case[] = withStatus("ok", [
  {
    name: "makes entries of lines written to a stream",
    code: `import { Console } from "node:console";
      import { stdout } from "node:process";
      const bytes = (text) => new TextEncoder().encode(text);
      export default async () => {
        process.stdout.write("hel"); stdout.write("lo\\n"); process.stderr.write("err\\n\\n");
        for (const byte of bytes("€\\n")) Deno.stdout.writeSync(new Uint8Array([byte]));
        await Deno.stderr.write(bytes("e2\\n"));
        const writer = Deno.stdout.writable.getWriter(); await writer.write(bytes("web\\n"));
        new Console(process.stdout).log("via %s", "Console");
        process.stdout.write("before "); console.log("between"); process.stdout.write("end");
      }`,
    logs: [
      ["log", "hello"],
      ["error", "err"],
      ["error", ""],
      ["log", "€"],
      ["error", "e2"],
      ["log", "web"],
      ["log", "via Console"],
      ["log", "before "],
      ["log", "between"],
      ["log", "end"],
    ],
    check: ({ logs }) => {
      const [out, err] = ["stdout", "stderr"];
      const none = undefined;
      expect(logs.map(({ stream }) => stream)).toEqual([
        out,
        err,
        err,
        out,
        err,
        out,
        out,
        out,
        none,
        out,
      ]);
    },
  },
  {
    name: "counts lines of a stream among the entries",
    code: `export default () => {
      process.stdout.write("l\\n".repeat(2_000));
      for (let n = 0; n < 500; n += 1) Deno.stderr.writeSync(new Uint8Array([10]));
    }`,
    check: ({ logs, logsDropped }) => {
      expect([logs.length, logsDropped]).toEqual([1_000, 1_500]);
    },
  },
  {
    name: "cuts a line without an end into entries",
    code: `export default () => {
      for (let n = 0; n < 100; n += 1) Deno.stdout.writeSync(new Uint8Array(1_000).fill(65));
    }`,
    check: (outcome) => {
      expect(messages(outcome).map(({ length }) => length)).toEqual([65_536, 34_464]);
    },
  },
  {
    name: "logs the console and the streams of nested workers, in the order of their messages",
    code: `const start = (code) => new Worker(
        URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
      const inner = "console.log('deep', new Set([1])); postMessage(2)";
      const outer = \`const inner = \${JSON.stringify(inner)}; const start = \${start};
        const worker = start(inner);
        worker.onmessage = ({ data }) => {
          console.warn("inner says", data);
          Deno.stdout.writeSync(new TextEncoder().encode("bytes\\\\n"));
          postMessage(1);
        };\`;
      export default () => new Promise((resolve) => {
        const worker = start(outer);
        worker.addEventListener("message", ({ data }) => {
          console.log("outer says", data);
          resolve(Object.keys(worker));
        });
      })`,
    result: [],
    logs: [
      ["log", "deep Set(1) { 1 }"],
      ["warn", "inner says 2"],
      ["log", "bytes"],
      ["log", "outer says 1"],
    ],
  },
  {
    name: "counts what nested workers log among the entries",
    code: `const code = "for (let i = 0; i < 3000; i++) console.log(i); postMessage(1)";
      export default () => new Promise((resolve) => {
        const url = URL.createObjectURL(new Blob([code]));
        new Worker(url, { type: "module" }).onmessage = ({ data }) => resolve(data);
      })`,
    result: 1,
    check: ({ logs, logsDropped }) => {
      expect(logs).toHaveLength(1_000);
      // A worker says how many it has dropped at powers of two.
      expect(logsDropped).toBe(1_024);
    },
  },
]);
