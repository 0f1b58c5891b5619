import { getBuiltinModule } from "node:process";
import { describe, expect, it } from "vitest";
import {
  FILES_MODULE,
  fileModule,
  filesModule,
  filesRead,
  REPLACED_MODULES,
} from "../../../../src/bundler/package-files.ts";
import { PackageTree, packageRoot } from "../../../../src/bundler/package-tree.ts";

const ROOT = "/node_modules/@tea/pot/node_modules/leaf";

/** Returns the files of the package that a module of it brings along. */
function read(text: string, files: readonly string[], module = "lib/a.js"): string[] {
  const bytes = new Uint8Array(1);
  const tree = new PackageTree(new Map(files.map((file) => [`${ROOT}/${file}`, bytes])));
  return filesRead(`${ROOT}/${module}`, text, tree).map((path) => path.slice(ROOT.length + 1));
}

describe("the files that a package's module reads", () => {
  const FILES = [
    "lib/c.txt",
    "c.txt",
    "other/c.txt",
    "lib/a.js",
    "lib/b.wasm",
    "locales/de.json",
    "locales/sub/en.json",
    "package.json",
  ];

  it("are those that it names, if it knows its own place", () => {
    const found: [string, string[]][] = [
      ['fs.readFile(path.join(__dirname, "b.wasm"))', ["lib/b.wasm"]],
      ["fetch(new URL('./b.wasm', import.meta.url))", ["lib/b.wasm"]],
      ["readFileSync(`$" + "{__dirname}/b.wasm`)", ["lib/b.wasm"]],
      ['readFileSync(__dirname + "/../lib/b.wasm")', ["lib/b.wasm"]],
      ['resolve(__dirname, "../../locales/")', ["locales/de.json", "locales/sub/en.json"]],
      ['read("locales/sub", import.meta.dirname)', ["locales/sub/en.json"]],
      ['readFileSync(new URL("../package.json", import.meta.url))', ["package.json"]],
      ['require("../package.json"); __dirname', []],
      ['createRequire(import.meta.url); require("../package.json")', ["package.json"]],
      ['import x from "./b.wasm"; import.meta.url', []],
      ['readFileSync(join(import.meta.dirname, folder, "en.json"))', ["locales/sub/en.json"]],
      ['readFileSync(__dirname + "/c.txt")', ["lib/c.txt"]],
      ['fs.readFile("b.wasm")', []],
      ['__dirname + "/a.js" + "node_modules" + "tea" + "leaf" + ""', []],
    ];
    for (const [text, files] of found) expect([text, read(text, FILES)]).toEqual([text, files]);
  });

  it("are few and small", () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `data/${n}.txt`);
    expect(read('__dirname + "data"', many)).toHaveLength(500);
    const bytes = new Uint8Array(10_000_000);
    const large = new PackageTree(
      new Map([
        [`${ROOT}/a.bin`, bytes],
        [`${ROOT}/b.bin`, bytes],
      ]),
    );
    expect(filesRead(`${ROOT}/x.js`, '__dirname + "a.bin" + "b.bin"', large)).toHaveLength(1);
    const literals = `__dirname; ${'"x";'.repeat(200_000)}`;
    expect(read(literals, many)).toEqual([]);
  });

  it("belong to the package of the module", () => {
    expect(packageRoot("/node_modules/tea/a/b.js")).toBe("/node_modules/tea");
    expect(packageRoot(`${ROOT}/lib/a.js`)).toBe(ROOT);
    expect(packageRoot("/node_modules/@tea/pot/a.js")).toBe("/node_modules/@tea/pot");
  });
});

type Module = Record<string, (...args: unknown[]) => unknown> & {
  promises: Record<string, (...args: unknown[]) => Promise<unknown>>;
};

/** Evaluates CommonJS as a bundle does. */
function evaluate(text: string, required?: Module, files?: object): Module {
  const module = { exports: {} as Module };
  const process = {
    getBuiltinModule: (name: string) => (name === "node:fs" && files) || getBuiltinModule(name),
  };
  const run = new Function("module", "require", "globalThis", text);
  run(module, () => required, { process });
  return module.exports;
}

describe("the module that answers their reads", () => {
  const fs = evaluate(filesModule);
  const bytes = Uint8Array.from({ length: 20_000 }, (_, n) => n);
  fs.add?.(`${ROOT}/lib/b.wasm`, bytes);
  fs.add?.(`${ROOT}/locales/de.json`, new TextEncoder().encode('{"a":"ü"}'));
  const at = (path: string): string => `${ROOT}/${path}`;

  it("reads them in every way", async () => {
    const url = new URL(`file://${at("locales/de.json")}`);
    expect(fs.readFileSync?.(at("lib/b.wasm"))).toEqual(Buffer.from(bytes));
    expect(fs.readFileSync?.(url, "utf8")).toBe('{"a":"ü"}');
    expect(await fs.promises.readFile?.(url, { encoding: "utf8" })).toBe('{"a":"ü"}');
    expect(evaluate(REPLACED_MODULES["node:fs/promises"] ?? "", fs)).toBe(fs.promises);
    const [error, text] = await new Promise<unknown[]>((resolve) => {
      fs.readFile?.(at("lib/../locales/de.json"), "utf8", (...got: unknown[]) => resolve(got));
    });
    expect([error, text]).toEqual([null, '{"a":"ü"}']);
    const stream = fs.createReadStream?.(at("locales/de.json"), "utf8") as AsyncIterable<string>;
    const chunks: string[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks).toEqual(['{"a":"ü"}']);
  });

  it("tells what there is", () => {
    expect(fs.readdirSync?.(ROOT)).toEqual(["lib", "locales"]);
    expect(fs.existsSync?.(at("lib"))).toBe(true);
    expect(fs.existsSync?.(at("none"))).toBe(false);
    expect(fs.statSync?.(at("lib/b.wasm"))).toMatchObject({ size: 20_000 });
    expect(fs.statSync?.(at("x"), { throwIfNoEntry: false })).toBeUndefined();
  });

  it("names the package of a file that there is not", async () => {
    const code = { code: "ENOENT", errno: -2, syscall: "open", path: at("x.txt") };
    const message = `ENOENT: no such file or directory, open '${at("x.txt")}' (the bundle has no such file of the package leaf)`;
    const failing = fs.promises.readFile?.(at("x.txt"));
    await expect(failing).rejects.toMatchObject({ ...code, message });
    expect(() => fs.readFileSync?.(ROOT)).toThrow("EISDIR");
  });

  it("takes a file that may not be read for none", async () => {
    const refusal = Object.assign(new Error("Requires read access"), { name: "NotCapable" });
    const refuse = () => {
      throw refusal;
    };
    const real = Object.fromEntries(
      ["readFile", "stat", "access"].flatMap((name) => [
        [name, refuse],
        [`${name}Sync`, refuse],
      ]),
    );
    const promises = { readFile: async () => refuse() };
    const closed = evaluate(filesModule, undefined, { ...real, promises });
    const error = {
      code: "ENOENT",
      message: "ENOENT: no such file or directory, open '.env'",
      cause: refusal,
    };
    expect(() => closed.readFileSync?.(".env")).toThrow(expect.objectContaining(error));
    await expect(closed.promises.readFile?.(".env")).rejects.toMatchObject(error);
    const called = new Promise((resolve) => void closed.readFile?.(".env", resolve));
    expect(await called).toMatchObject(error);
    expect(closed.existsSync?.(".env")).toBe(false);
    expect(closed.statSync?.(".env", { throwIfNoEntry: false })).toBeUndefined();
  });

  it("requires JSON and the runtime's modules", () => {
    const { createRequire, isBuiltin } = evaluate(REPLACED_MODULES["node:module"] ?? "", fs);
    const required = createRequire?.(`file://${at("lib/a.js")}`) as (name: string) => unknown;
    expect([required("../locales/de.json"), required("../locales/de")]).toEqual([
      { a: "ü" },
      { a: "ü" },
    ]);
    expect([required("node:path"), isBuiltin?.("fs")]).toEqual([
      getBuiltinModule("node:path"),
      true,
    ]);
    const message =
      "Cannot find module './b.js' (the package leaf requires it by a name that only runs tell)";
    expect(() => required("./b.js")).toThrow(
      expect.objectContaining({ code: "MODULE_NOT_FOUND", message }),
    );
  });

  it("passes other paths on", () => {
    expect(() => fs.readFileSync?.("/none/x")).toThrow(
      "ENOENT: no such file or directory, open '/none/x'",
    );
    expect(fs.existsSync?.("/")).toBe(true);
    expect(fs.readFileSync?.("/etc/../etc/hostname")).toBeInstanceOf(Buffer);
    expect(fileModule(at("a.txt"))).toContain(`from "${FILES_MODULE}"`);
  });
});
