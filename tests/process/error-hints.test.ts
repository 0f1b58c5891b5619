/** Tests that each hint is given where it should be, and that code which follows it works. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { IN_KEPT } from "../helpers/soak.ts";

type Asked = Omit<ExecuteRequest, "sandbox"> | string;
type Row = readonly [what: string, broken: Asked, hint: RegExp, followed?: Asked, result?: unknown];

let directory: string;
let isolate: Isolate;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await createIsolate({
    ...{ runDirectory: directory, trusted: true },
    config: { cluster: { min: 1, prepared: 0 } },
  });
});
afterAll(async () => {
  await isolate.close();
  await rm(directory, { recursive: true });
});

const requestOf = (asked: Asked): ExecuteRequest =>
  typeof asked === "string" ? { code: `export default () => ${asked}` } : asked;

/** Bundles code as the hint about packages says. `hono` stands for any package. */
async function bundled(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

const PACKAGE = 'import { Hono } from "hono"; export default () => typeof Hono;';
const BUNDLE =
  /bundle it into the code, with esbuild main\.ts --bundle --format=esm --platform=node/;

/** Hints that are the same at both levels. */
const EVERYWHERE: readonly Row[] = [
  ["return", { code: "return 5" }, /write export default \(\) => \{ … \}/, "5", 5],
  [
    "await",
    { code: "const f = () => { await 1 };" },
    /write async before the function/,
    { code: "const f = async () => { await 1 }; export default () => f().then(() => 2)" },
    2,
  ],
  [
    "an element",
    { code: 'export default () => <div a="1">x</div>' },
    /^JSX is compiled in files named .jsx or .tsx/,
  ],
  [
    "an entry that has another name",
    { code: "export const one = () => 1, two = () => 2, three = 3;" },
    /^The module exports one, two: add "entry": "one"/,
    { code: "export const one = () => 1, two = () => 2, three = 3;", entry: "one" },
    1,
  ],
  [
    "an entry that is not there",
    { code: "export default () => 1", entry: "main" },
    /leave "entry" out/,
    "1",
    1,
  ],
  ["no entry", { code: "export const one = 1" }, /^The module exports no function: write/, "1", 1],
  ["React", "React.createElement('b')", /^JSX calls React\.createElement: import React, or write/],
  ["require", "require('fs')", /^Code is an ES module/],
  ["module", { code: "module.exports = () => 1" }, /^Code is an ES module/, "1", 1],
  ["window", "window.structuredClone(1)", /write globalThis/, "globalThis.structuredClone(1)", 1],
  ["document", "document.title", /^There is no page here, and no document/],
  [
    "__dirname",
    "__dirname",
    /give data as "input"/,
    { code: "export default (text) => text", input: "text" },
    "text",
  ],
  ["XMLHttpRequest", "new XMLHttpRequest()", /^Use fetch/, "typeof fetch", "function"],
  ["a database", "db.users.findMany()", /^There is no database here: give data as "input"/],
  ["localStorage", "localStorage.getItem('x')", /^Nothing is kept between executions/],
  [
    "crypto",
    "crypto.randomUUID().length",
    /^Add "crypto" to "tools"$/,
    { code: "export default () => crypto.randomUUID().length", tools: ["crypto"] },
    36,
  ],
  [
    "a URL without a host",
    "new URL('/api').href",
    /^Write a whole URL/,
    "new URL('https://h/api').href",
    "https://h/api",
  ],
];

const ISOLATED: readonly Row[] = [
  ["a part of a URL for fetch", "fetch('/api')", /^Write a whole URL/],
  ["a name for fetch", "fetch('example.com')", /^Write a whole URL/],
  [
    "child_process",
    "import('node:child_process').then((c) => c.execSync('ls'))",
    /^No sandbox runs programs/,
  ],
  ["Deno.Command", "new Deno.Command('ls').output()", /^No sandbox runs programs/],
  ["dlopen", "Deno.dlopen('x.so', {})", /^No sandbox loads libraries/],
  ["all variables", "Deno.env.toObject()", /read each by its name/],
  [
    "a variable that the host does not grant",
    "Deno.env.get('TMPDIR')",
    /^This host has no variable TMPDIR to grant: give its value as "input"/,
    { code: "export default (value) => value", input: "v" },
    "v",
  ],
  ["a file", "Deno.readTextFile('/etc/hostname')", /^A sandbox has no files here/],
  ["a file to write", "Deno.writeTextFile('/tmp/x', '')", /^A sandbox has no files here/],
  ["a temporary file", "Deno.makeTempFile()", /^A sandbox has no files here/],
  [
    "what the host tells",
    "typeof Deno.hostname()",
    /^Add \{"sys":\["hostname"\]\} to "permissions"$/,
    { code: "export default () => typeof Deno.hostname()", permissions: { sys: ["hostname"] } },
    "string",
  ],
  ["a package", { code: PACKAGE }, BUNDLE],
  ["a package, later", "import('@scope/name/part')", BUNDLE],
  ["npm:", "import('npm:hono')", BUNDLE],
  ["jsr:", "import('jsr:@std/path')", BUNDLE],
  ["https:", "import('https://esm.sh/hono')", /^Modules are not loaded from URLs/],
  ["another file", "import('./other.js')", /^There are no other files/],
  ["a file by its URL", "import('file:///etc/other.ts')", /^There are no other files/],
];

const NONE: readonly Row[] = [
  [
    "a package",
    "import('no-such-package')",
    /^Add "no-such-package" to "dependencies", install it on the host, or bundle it/,
  ],
  ["https:", "import('https://esm.sh/hono')", /^Modules are not loaded from URLs/],
  ["npm:", "import('npm:hono')", /^Modules are not loaded from URLs/],
  ["Deno", "Deno.cwd()", /^Level "none" is Node/, "typeof process.cwd()", "string"],
  ["a part of a URL for fetch", "fetch('/api')", /^Write a whole URL/],
];

describe.each([
  ["isolated", [...EVERYWHERE, ...ISOLATED]],
  ["none", [...EVERYWHERE, ...NONE]],
] as const)("a hint at level %s", (sandbox, rows) => {
  const at = { sandbox, ...(sandbox === "isolated" && IN_KEPT) };

  it.each(rows)("about %s", async (...row) => {
    const [, broken, hint, followed, result] = row as unknown as Row;
    const { logs, ok } = await isolate.execute({ ...requestOf(broken), ...at });
    expect([ok, logs?.at(-1)?.hint]).toEqual([false, expect.stringMatching(hint)]);
    if (followed === undefined) return;
    const after = await isolate.execute({ ...requestOf(followed), ...at });
    expect(after).toMatchObject({ ok: true, result });
  });

  it("about packages is one that works", async () => {
    const output = await isolate.execute({ code: await bundled(PACKAGE), sandbox });
    expect(output).toMatchObject({ ok: true, result: "function" });
  });
});

describe("a hint about a permission", () => {
  it("is given only within the ceiling", async () => {
    const config = { sandbox: "isolated", ceiling: { net: ["granted.example"] } } as const;
    const narrow = await createIsolate({ runDirectory: directory, config, useCluster: false });
    const hintOf = async (code: string) => {
      const { logs, denied } = await narrow.execute(requestOf(code));
      const granted = denied?.some(({ permission }) => permission !== undefined) ?? false;
      return [logs?.at(-1)?.hint, granted];
    };
    expect(await hintOf("fetch('http://granted.example')")).toEqual([
      'Add {"net":["granted.example:80"]} to "permissions"',
      true,
    ]);
    expect(await hintOf("fetch('http://other.example')")).toEqual([
      "This host grants no access to other.example:80",
      false,
    ]);
    expect(await hintOf("Deno.hostname()")).toEqual([
      "This host does not grant it: do without",
      false,
    ]);
    await narrow.close();
  });
});
