/** Small inputs of the kinds that people report as broken elsewhere. Plain Deno is what is right. */

export interface Input {
  readonly name: string;
  readonly code: string;
  /** Ending of its file for plain Deno. Default `js`. */
  readonly ending?: "ts" | "jsx";
  /** Other fields of the request. Default: none. */
  readonly request?: object;
}

/** Inputs whose console text and result are those of plain Deno. The last one changes its realm. */
export const SAME: readonly Input[] = [
  {
    name: "format specifiers of the console",
    code: `export default () => {
      console.log("%s has %d of %i and %f, %j %%", "Ann", "42", 3.9, "1.5", { a: [1] });
      console.log("%o | %O | %c-", { a: 1 }, { b: { c: [] } }, "color: red");
      console.log("%s %s", "one"); console.log("100%", 1); console.log("%x %s", 1, 2, "rest", 3);
      console.log("%s", null, undefined, 1n, Symbol("s")); console.log("%d", 10n, "x"); console.log("a\\n", "b");
    }`,
  },
  {
    name: "values that JSON would lose",
    code: `export default () => {
      console.log(new Map([["k", { v: 1 }]]), new Set(["s"]), /x/gi, Promise.resolve(7), new Promise(() => {}));
      console.log({ u: undefined, f() {}, g: () => {}, s: Symbol("q"), m: new Map(), d: new Date(0), n: NaN });
      console.log(new Uint8Array(3), -0, 10n, [1, , 3], [undefined, null], Infinity, Symbol.iterator);
      console.log(class A {}, class B extends Map {}, function f() {}, async () => {}, function* g() {}, Math.max);
      console.log(new (class Point { x = 1; #y = 2 })(), Object.create(null), Object.create({ inherited: 1 }));
      console.log(new WeakMap(), new URL("https://a.example/?b#c"), new URLSearchParams("a=1"), new Headers({ a: "b" }));
      console.log(Object(1), Object("s"), new Error("e") instanceof Error, [new Date(NaN)], new ArrayBuffer(2));
      console.log(undefined, null, true, "text", ["text", 1n], { "a-b": "q'\\"", n: 1n }, [[[[[1n]]]]], globalThis === self);
      console.log(Array(200).fill(1n), "x".repeat(20), [["long".repeat(30)], new Map([[{}, []]])]);
    }`,
  },
  {
    name: "references that are shared, and those in a circle",
    code: `export default () => {
      const shared = { a: 1 }; console.log({ x: shared, y: shared, n: 1n });
      const circle = { name: "c", inner: { list: [] } }; circle.inner.list.push(circle); console.log(circle);
    }`,
  },
  {
    name: "getters and toJSON that throw",
    code: `export default () => {
      console.log("state", { ok: 1, get bad() { throw new Error("g") }, set only(_) {} });
      console.log({ id: 1, toJSON() { throw 1 } }); console.log({ get both() { return 1 }, set both(_) {} });
    }`,
  },
  {
    name: "the console's other methods",
    code: `export default () => {
      console.count(); console.count("x"); console.count(); console.countReset(); console.count();
      console.assert(true, "no"); console.assert(false, "yes %s", 1); console.assert(false); console.assert(false, { a: 1n });
      console.table([{ a: 1, b: "2" }, { a: 3 }]); console.table([[1, 2], [3]], ["0"]); console.table(new Map([["k", 1]])); console.table("text");
      console.group("G %d", 1); console.log("in\\nside"); console.group(); console.info("deep", 1n); console.groupEnd(); console.groupEnd(); console.log("out");
      console.dir({ a: { b: { c: 1 } } }, { depth: 0 }); console.dir(new Set([1])); console.debug("d"); console.dirxml([1n]);
      console.timeEnd("never"); console.timeLog("never"); console.countReset("never");
    }`,
  },
  {
    name: "errors in the console",
    code: `export default () => {
      const error = new Error("outer", { cause: new TypeError("inner") }); error.code = "E1"; error.extra = { a: [1] };
      console.log(error);
      console.log("failed:", { segment: 1, error: new RangeError("part") });
      console.error([new Error("listed")], new AggregateError([new Error("a"), 1], "all"));
      class Custom extends Error { name = "Named"; status = 404 } console.warn(new Custom("custom"));
      const bare = new Error("bare"); bare.stack = undefined; console.log(bare); console.log(new DOMException("gone", "AbortError").name);
    }`,
  },
  {
    name: "a promise of setTimeout",
    code: `import { promisify } from "node:util"; const sleep = promisify(setTimeout);
      export default async () => [await sleep(1, "slept"), typeof setTimeout, setTimeout.name, setTimeout.length]`,
  },
  {
    name: "timers of modules",
    code: `import * as timers from "node:timers"; import { setTimeout as sleep, setInterval as ticks } from "node:timers/promises";
      export default async () => {
        const log = []; await new Promise((done) => { timers.setImmediate(() => log.push("immediate")); timers.setTimeout(done, 5) });
        for await (const tick of ticks(1, "tick")) { log.push(tick); if (log.length > 2) break }
        log.push(await sleep(1, "slept")); const t = timers.setInterval(() => {}, 1); timers.clearInterval(t); return log }`,
  },
  {
    name: "late work of a function that returns nothing",
    code: `import { setTimeout as later } from "node:timers";
      export default () => { later(() => console.log("late"), 10); setTimeout(() => console.log("later"), 20);
      }`,
  },
  {
    name: "floating promises of a function that returns nothing",
    code: `async function main() {
        const packed = await new Response(new Blob(["x".repeat(1e6)]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
        console.log("packed", packed.length < 10_000);
        const { instance } = await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); console.log("compiled", typeof instance);
      }
      main(); export default () => {}`,
  },
  {
    name: "listeners for what nobody awaits",
    code: `addEventListener("unhandledrejection", (event) => { event.preventDefault(); console.log("seen", event.reason.message) }, { once: true });
      addEventListener("error", (event) => { event.preventDefault(); console.log("error", event.error.message) }, { once: true });
      export default async () => { Promise.reject(new Error("r")); setTimeout(() => { throw new Error("t") }, 20);
        await new Promise((resolve) => setTimeout(resolve, 60)); return "survived" }`,
  },
  {
    name: "Node's listeners for what nobody awaits",
    code: `import process from "node:process";
      process.once("unhandledRejection", (reason) => console.log("rejected", reason.message));
      export default async () => { Promise.reject(new Error("r")); await new Promise((resolve) => setTimeout(resolve, 20)); return "survived" }`,
  },
  {
    name: "builtins without node:",
    code: `import fs, { readFileSync } from "fs"; import path from "path"; import { promises } from "fs"; import { setTimeout as s } from "timers/promises";
      import EventEmitter, { once } from "events"; import util from "util"; import assert from "assert"; import { Buffer as B } from "buffer"; import url from "url";
      import { performance as p } from "perf_hooks"; import os from "os"; import qs from "querystring"; import { Readable } from "stream"; import { pipeline } from "stream/promises";
      export default async () => [typeof fs.readFileSync, readFileSync === fs.readFileSync, path.join("a", "..", "b"), typeof promises.readFile, await s(1, 2),
        typeof once, new EventEmitter().listenerCount("x"), util.format("%s", 1), typeof assert.equal, B.from("a").toString("hex"), url.parse("http://a.example/b").pathname,
        typeof p.now(), os.EOL, qs.stringify({ a: 1 }), (await Readable.from([1, 2]).toArray()).length, typeof pipeline, os.tmpdir()]`,
  },
  {
    name: "require made of import.meta.url",
    code: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);
      export default () => [require("path").sep, require("node:util").inspect({ a: 1 }), new URL("./x.txt", import.meta.url).protocol,
        new URL(import.meta.url).pathname.includes("/main."), typeof import.meta.dirname, import.meta.filename.includes("/main.")]`,
  },
  {
    name: "JavaScript that TypeScript reads otherwise",
    code: `const f = (...x) => x, a = 1, b = 2, c = 3; let d;
      export default () => [f(a < b, c > (d = 1)), (a | 0) < (b | 0) | (c | 0) > (0)]`,
    request: { language: "javascript" },
  },
  {
    name: "TypeScript with enums, parameter properties and namespaces",
    ending: "ts",
    code: `enum Color { Red = "r", Green = "g" } namespace N { export const x: number = 1 } abstract class P { constructor(readonly y: number, private z = 2) {} sum(this: P) { return this.y + this.z } }
      class Q extends P {} type T<X> = X extends string ? 1 : 2; declare const nothing: string;
      export default (n?: number): unknown => [Color.Green, N.x, new Q(3).sum(), <number>n ?? (null as unknown as T<"a">), Object.keys(Color)]`,
  },
  {
    name: "JSX by a pragma",
    code: `/** @jsx h */
      const h = (tag, attributes, ...children) => ({ tag, attributes, children });
      export default () => <div a="1">x{[1, 2].map((n) => <b>{n}</b>)}</div>`,
    ending: "jsx",
  },
  {
    name: "node:crypto",
    code: `import crypto, { createHash, randomBytes, randomInt, randomUUID, webcrypto, createCipheriv, pbkdf2Sync, hkdfSync, getHashes, generateKeyPairSync, sign, verify } from "node:crypto";
      export default () => { const key = Buffer.alloc(32), iv = Buffer.alloc(16); const cipher = createCipheriv("aes-256-cbc", key, iv);
        const { publicKey, privateKey } = generateKeyPairSync("ed25519"); const data = Buffer.from("x");
        return [crypto.randomUUID().length, randomUUID() === randomUUID(), createHash("sha256").update("a").digest("hex"), randomBytes(4).length, randomInt(1), typeof webcrypto.getRandomValues,
          cipher.update("a", "utf8", "hex") + cipher.final("hex"), pbkdf2Sync("p", "s", 1, 8, "sha256").toString("hex"), Buffer.from(hkdfSync("sha256", "k", "s", "i", 8)).toString("hex"),
          getHashes().includes("sha256"), verify(null, data, publicKey, sign(null, data, privateKey)), crypto.timingSafeEqual(iv, iv)] }`,
  },
  {
    name: "results that JSON holds, and toJSON",
    code: `export default () => ({ date: new Date(0), nested: [[], {}], own: { toJSON: () => ({ a: 1 }) }, keyed: { toJSON(key) { return key } }, minus: -0, none: undefined, f() {}, nan: NaN,
        big: JSON.rawJSON("12345678901234567890"), boxed: [Object(1), Object("s"), Object(true)], text: "\\ud800 \\u2028", url: new URL("https://a.example/b") })`,
  },
  {
    name: "performance, structuredClone, navigator and microtasks",
    code: `export default async () => { performance.mark("a"); performance.measure("m", "a"); const order = []; queueMicrotask(() => order.push(1)); process.nextTick(() => order.push(0)); await new Promise((r) => setTimeout(r, 1));
        return [order.sort(), performance.getEntriesByType("mark").length, typeof performance.timeOrigin, structuredClone(new Map([[1, { a: new Date(0) }]])).size, typeof navigator.userAgent,
          typeof reportError, AbortSignal.timeout(1000).aborted, typeof globalThis.global, typeof Buffer, typeof setImmediate, atob(btoa("x"))] }`,
  },
  {
    name: "this, arguments, strictness and the global object",
    code: `export default function main() { return [this === undefined, arguments.length, typeof window, typeof document, typeof self, typeof globalThis.Deno, new Function("return 1")(), (0, eval)("1 + 1"), (() => { try { undeclared = 1 } catch (e) { return e.name } })()] }`,
  },
  {
    name: "relative URLs, which have no base",
    code: `export default async () => { console.log(typeof location); const said = ({ name, message }) => name + ": " + message;
        const tried = (f) => { try { return String(f()) } catch (error) { return said(error) } };
        return [tried(() => new Request("/x").url), tried(() => Response.redirect("/x").status), tried(() => Response.redirect("x?y", 301).status), await fetch("/x").catch(said), await fetch("").catch(said),
          new Request(new Request("http://a.example/b")).url, Response.redirect("http://a.example/", 308).status, new Request("data:,x") instanceof Request, fetch.name, fetch.length, Request.name, Request.length] }`,
  },
  {
    name: "process of Node",
    code: `export default () => [process.platform, typeof process.version, process.argv.length >= 1, typeof process.pid, typeof process.memoryUsage().heapUsed, typeof process.uptime(), process.exitCode, process.cwd().startsWith("/"), typeof process.hrtime.bigint(), process.env === process.env, typeof process.release.name, process.title.length > 0, typeof process.emitWarning]`,
  },
  {
    name: "frozen built-ins",
    code: `for (const each of [Map, Set, Error, Object, Array, Promise, Uint8Array, Function]) Object.freeze(each.prototype);
      export default async () => { await null; console.log("frozen", new Map([[1, 2]])); return { a: 1 } }`,
  },
];

/** Inputs that throw: name, message and causes are those of plain Deno. */
export const THROWING: readonly Input[] = [
  {
    name: "a cause",
    code: 'export default () => { throw new Error("outer", { cause: new TypeError("inner", { cause: "text" }) }) }',
  },
  {
    name: "errors of an AggregateError",
    code: 'export default () => Promise.any([Promise.reject(new Error("a")), Promise.reject(new TypeError("b"))])',
  },
  {
    name: "own fields",
    code: 'export default () => { throw Object.assign(new Error("no"), { code: "E_AUTH", status: 404, list: [1] }) }',
  },
  {
    name: "a class of its own",
    code: 'class AuthError extends Error { constructor() { super("denied"); this.name = new.target.name } }\nexport default async () => { await null; throw new AuthError() }',
  },
  {
    name: "an error in a callback",
    code: 'export default () => new Promise(() => setTimeout(() => { throw new RangeError("late") }, 1))',
  },
  {
    name: "an error while the module runs",
    code: "const config = undefined;\nconfig.name;\nexport default () => 1",
  },
  { name: "an error without a message", code: "export default () => { throw new SyntaxError() }" },
];
