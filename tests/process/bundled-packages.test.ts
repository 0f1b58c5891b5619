/** Tests real packages, bundled, in real sandboxes: at `isolated`, and in the realm of level `none`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFunction } from "../../src/bundler/function-bundle.ts";
import { inFiles } from "../../src/engines/explain/source-positions.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import { installedPackages, packagesOf } from "../helpers/package-archive.ts";

const MAIN = `
import { z } from "zod"; import { Hono } from "npm:hono@4"; import { cors } from "hono/cors";
import Ajv from "ajv"; import * as semver from "semver"; import { h } from "preact";
import render from "preact-render-to-string"; import { buildSchema, graphql } from "graphql";
import * as valibot from "valibot"; import { parse as yaml } from "yaml"; import { Router } from "itty-router";
export default async () => {
  const app = new Hono().use(cors()).get("/", (c) => c.json({ at: c.req.path }));
  const schema = buildSchema("type Query { n: Int }");
  const router = Router(); router.get("/a", () => new Response("routed"));
  return [
    z.object({ a: z.email() }).safeParse({ a: "no" }).error.issues[0].code,
    await (await app.request("/")).json(),
    new Ajv.default().compile({ type: "integer" })(1.5),
    semver.satisfies("1.2.3", "^1.2"),
    render(h("b", { id: "x" }, "text")),
    { ...(await graphql({ schema, source: "{ n }", rootValue: { n: 5 } })).data },
    valibot.parse(valibot.pipe(valibot.string(), valibot.trim()), " v "),
    yaml("a: [1, 2]"), await (await router.fetch(new Request("http://x/a"))).text(),
  ];
};`;

const EXPECTED = [
  "invalid_format",
  { at: "/" },
  false,
  true,
  '<b id="x">text</b>',
  { n: 5 },
  "v",
  { a: [1, 2] },
  "routed",
];

let directory: string;
let isolate: Isolate;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await createIsolate({
    runDirectory: directory,
    trusted: true,
    config: { maxSize: 8_388_608 },
  });
});
afterAll(async () => {
  await isolate.close();
  await rm(directory, { recursive: true });
});

describe("packages that are installed here", () => {
  const packages = installedPackages(
    ...["zod", "hono", "ajv", "semver", "preact", "preact-render-to-string", "graphql"],
    ...["valibot", "yaml", "itty-router"],
  );

  it("run by their names alone", async () => {
    const request = { files: { "main.ts": MAIN }, main: "main.ts", packages };
    const { code } = await bundleFunction(request, "a");
    for (const sandbox of ["isolated", "none"] as const) {
      const output = await isolate.execute({ code, sandbox, timeout: 20_000 });
      expect([sandbox, output.error, output.result]).toEqual([sandbox, undefined, EXPECTED]);
    }
  });

  it("have their files in stacks, beside those of the function", async () => {
    const files = {
      "main.ts": `import { z } from "zod";\n\nexport default () => {\n  z.string().transform(() => null.x).parse("");\n};`,
    };
    const { code, map = "" } = await bundleFunction({ files, main: "main.ts", packages }, "a");
    const { logs = [] } = await isolate.execute({ code, sandbox: "isolated" });
    const [entry] = inFiles(logs, map) as { stack?: string }[];
    const lines = entry?.stack?.split("\n").slice(1) ?? [];
    expect(lines[0]).toMatch(/main\.ts:4:\d+\)?$/);
    expect(lines[1]).toMatch(/node_modules\/zod\/v4\/\w+\/\w+\.js:\d+:\d+\)?$/);
    expect(lines.join("\n")).not.toMatch(/main\.ts:\d{3,}/);
  });
});

it("a package that reads its files, or requires what is not there, fails by its name", async () => {
  const packages = packagesOf(
    {
      "reader/index.js":
        'const fs = require("fs"), path = require("path"); exports.read = (name) => fs.readFileSync(path.join(__dirname, name));',
      "dynamic/index.js": 'exports.get = (name) => require("./lib/" + name + ".js");',
      "machine/index.js": `const { env, cwd } = require("process"), os = require("os");
        module.exports = [env.HOME, "CI" in process.env, Object.keys(process.env), globalThis.process.env.TOKEN, typeof cwd(), os.hostname(), os.cpus().length >= 0, process.env.NODE_ENV];
        process.env.OWN = 1; module.exports.push(process.env.OWN, typeof process.on, typeof process.nextTick);`,
      "binding/index.js": 'exports.of = () => process.binding("fs");',
    },
    { reader: "1", dynamic: "1", machine: "1", binding: "1" },
  );
  const main = `import { read } from "reader"; import { get } from "dynamic"; import { of } from "binding"; import machine from "machine";
    const told = (run) => { try { return run() } catch (e) { return e.message } };
    export default () => [told(() => read("x.bin")), told(() => get("a")), typeof told(of), machine];`;
  const request = { files: { "main.ts": main }, main: "main.ts", packages };
  const { code } = await bundleFunction(request, "a");
  const { result } = await isolate.execute({ code, sandbox: "isolated" });
  expect(result).toEqual([
    expect.stringMatching(/\/node_modules\/reader\/x\.bin/),
    expect.stringMatching(
      /^Cannot find "\.\/lib\/a\.js", required by node_modules\/dynamic\/index\.js: /,
    ),
    expect.any(String),
    [null, false, [], null, "string", "localhost", true, "production", "1", "function", "function"],
  ]);
});

it("packages have Web Crypto by every name, and the code itself has it as a tool alone", async () => {
  const packages = packagesOf(
    {
      "names/package.json": { type: "module", sideEffects: false },
      "names/index.js": `const { crypto: taken, fetch: other } = globalThis;
        let later; ({ crypto: later } = self);
        const own = (({ crypto } = globalThis) => crypto)();
        const root = typeof self !== "undefined" ? self : globalThis;
        class Store { constructor() { this.crypto = "mine"; } read() { return this.crypto + this["crypto"]; } }
        const factory = { crypto: class { n = 1 } };
        const near = { a: 1 }
        root.crypto.seen = "seen"
        export const all = [crypto, globalThis.crypto, self.crypto, root.crypto, root?.crypto, root["crypto"], root[\`crypto\`],
          (0, root).crypto, (root.x ? null : root).crypto, { crypto }.crypto, taken, later, own, (() => { const { crypto } = root; return crypto; })()]
          .map((each) => each === crypto && typeof each.subtle.digest);
        export const kinds = [typeof crypto, "crypto" in root, "crypto" in { a: 1 }, typeof other, new Store().read(),
          new factory.crypto().n, new root.crypto.constructor.constructor("return 2")()];
        export const id = crypto.randomUUID();
        export const digest = async () => new Uint8Array(await crypto.subtle.digest("SHA-256", crypto.getRandomValues(new Uint8Array(4)))).length;
        export const key = async () => (await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"])) instanceof CryptoKey;`,
      "common/index.js": `(function (root) { exports.root = typeof root.crypto; })(typeof window !== "undefined" ? window : globalThis);
        var own = this; exports.self = own.crypto;
        exports.set = () => {
          globalThis.crypto = { polyfilled: "own" };
          return [crypto.polyfilled, self.crypto.polyfilled];
        };`,
    },
    { names: "1", common: "1" },
  );
  const main = `import * as names from "names"; import common from "common";
    export default async () => [names.all, names.kinds, names.id.length, await names.digest(), await names.key(), common.root,
      common.self, common.set(), typeof crypto, typeof globalThis.crypto];`;
  const { code } = await bundleFunction(
    { files: { "main.ts": main }, main: "main.ts", packages },
    "a",
  );
  for (const sandbox of ["isolated", "none"] as const) {
    for (const tools of [[], ["crypto"]] as const) {
      const { result, error } = await isolate.execute({ code, sandbox, tools: [...tools] });
      const given = tools.length > 0 ? "object" : "undefined";
      const kinds = ["object", true, false, "function", "minemine", 1, 2];
      const rest = ["object", null, ["own", "own"], given, given];
      expect([sandbox, error, result]).toEqual([
        sandbox,
        undefined,
        [Array(14).fill("function"), kinds, 36, 32, true, ...rest],
      ]);
    }
  }
});
