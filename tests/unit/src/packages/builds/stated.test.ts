/** Tests how requests state packages: by fields, by files, and by specifiers in code. */
import { describe, expect, it } from "vitest";
import { mentionsPackages, specified } from "../../../../../src/packages/builds/specifiers.ts";
import { statedByCode, statedByFiles } from "../../../../../src/packages/builds/stated.ts";
import { dependenciesFault, overridesFault } from "../../../../../src/request/package-fields.ts";

const json = JSON.stringify;

describe("a specifier", () => {
  it.each([
    ["npm:zod", "zod", "*", ""],
    ["npm:/zod@^4/mini", "zod", "^4", "/mini"],
    ["npm:@a/b@1.2.3/c/d.js", "@a/b", "1.2.3", "/c/d.js"],
    ["npm:@a/b", "@a/b", "*", ""],
    ["jsr:@std/yaml@1/parse", "@std/yaml", "jsr:@std/yaml@1", "/parse"],
    ["jsr:@std/yaml", "@std/yaml", "jsr:@std/yaml@*", ""],
  ])("%s names %s", (text, name, range, subpath) => {
    expect(specified(text)).toEqual({ name, range, subpath });
  });

  it.each([
    "zod",
    "npm:",
    "npm:../x",
    "npm:@a",
    "node:fs",
    "npm:__proto__",
    "https://npm:x",
    "npm:a b",
  ])("%s names none", (text) => {
    expect(specified(text)).toBeUndefined();
  });

  it("is looked for where the text has its scheme", () => {
    expect(["import 'npm:a'", "jsr:", "import 'zod'"].map(mentionsPackages)).toEqual([
      ...[true, true, false],
    ]);
  });
});

describe("files", () => {
  const of = (files: Record<string, string>) => statedByFiles(files);

  it("state packages by package.json and deno.json", () => {
    expect(of({})).toEqual({ dependencies: {} });
    const marked = of({ "package.json": `\uFEFF${json({ dependencies: { zod: "^4" } })}` });
    expect(marked.dependencies).toEqual({ zod: "^4" });
    const manifest = json({
      name: "app",
      dependencies: { zod: "^4" },
      devDependencies: { vitest: "*" },
      overrides: { semver: { ".": "7", a: "1" } },
    });
    const imports = {
      zod: "npm:zod@^4",
      "zod/": "npm:/zod@^4/",
      "hono/jsx": "npm:hono@4/jsx",
      yaml: "jsr:@std/yaml@1",
      "@std/csv": "jsr:@std/csv",
      z3: "npm:zod@3",
      "./local": "./local.ts",
      "#own": "./own.ts",
    };
    expect(of({ "package.json": manifest, "deno.json": json({ imports }) })).toEqual({
      dependencies: {
        zod: "^4",
        hono: "4",
        yaml: "jsr:@std/yaml@1",
        "@std/csv": "jsr:@std/csv@*",
        z3: "npm:zod@3",
      },
      overrides: { semver: { ".": "7", a: "1" } },
    });
    expect(of({ "lib/package.json": manifest })).toEqual({ dependencies: {} });
  });

  it.each([
    [{ "package.json": "{" }, "package.json: "],
    [{ "package.json": "null" }, "Expected an object"],
    [{ "package.json": json({ dependencies: [] }) }, "dependencies: Expected an object"],
    [{ "package.json": json({ dependencies: { a: "file:\u0000" } }) }, 'range of "a"'],
    [{ "package.json": json({ overrides: { a: null } }) }, "overrides: Expected an object"],
    [{ "package.json": `"${"x".repeat(65_536)}"` }, "65536 bytes at most"],
    [{ "deno.jsonc": "{ /* no end" }, "deno.jsonc: "],
    [
      { "deno.json": json({ imports: { a: "npm:b/c" } }) },
      'imports: "a" names a part of a package, which is named "b/c" alone',
    ],
    [{ "deno.json": json({ imports: { a: "npm:@" } }) }, "names no package"],
    [{ "deno.json": json({ imports: { "a b": "npm:b" } }) }, '"a b" is not the name'],
    [
      { "deno.json": '{"imports":{"a":"npm:a@1"}}', "deno.jsonc": '{"imports":{"a":"npm:a@2"}}' },
      'a as "2", and another file as "1"',
    ],
  ])("are refused for %j", (files, message) => {
    const call = () => of(files as unknown as Record<string, string>);
    expect(call).toThrow(expect.objectContaining({ field: "files" }));
    expect(call).toThrow(message);
  });
});

describe("code", () => {
  it("states what is not stated before, once", () => {
    const specifiers = ["npm:zod@^4", "npm:zod@^4/mini", "zod", "jsr:@std/yaml", "npm:hono@4"];
    expect(statedByCode(specifiers, "code", { hono: "^4.1" })).toEqual({
      zod: "^4",
      "@std/yaml": "jsr:@std/yaml@*",
    });
    expect(() => statedByCode(["npm:a@1", "npm:a@2"], "code", {})).toThrow(
      'code: It imports a as "2" and as "1": name one in dependencies',
    );
    const many = Array.from({ length: 101 }, (_, n) => `npm:p${n}`);
    expect(() => statedByCode(many, "files", {})).toThrow("files: 101 packages exceed");
  });
});

describe("fields", () => {
  it.each<[unknown, string | undefined]>([
    [{}, undefined],
    [{ zod: "^4", "@a/b": "npm:c@1", Old_Name: "latest" }, undefined],
    [undefined, "Expected an object"],
    [null, "Expected an object"],
    [{ "": "1" }, '"" is not the name'],
    [JSON.parse('{"__proto__":"1"}'), '"__proto__" is not the name'],
    [{ "a/b": "1" }, '"a/b" is not the name'],
    [{ ["x".repeat(215)]: "1" }, "is not the name"],
    [{ a: "x".repeat(257) }, 'range of "a"'],
    [{ a: "1\n" }, 'range of "a"'],
  ])("dependencies %j", (given, fault) => {
    const found = dependenciesFault(given);
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });

  it.each<[unknown, string | undefined]>([
    [{ a: "1", "b@^1": { ".": "2", c: "$a" } }, undefined],
    [{ a: 1 }, "Expected an object"],
    [{ "../a": "1" }, "is not the name"],
    [Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`p${n}`, "1"])), "More than 200"],
    [JSON.parse(`${'{"a":'.repeat(9)}"1"${"}".repeat(9)}`), "Nested deeper than 8"],
  ])("overrides %j", (given, fault) => {
    const found = overridesFault(given);
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });
});
