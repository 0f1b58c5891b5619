import { describe, expect, it } from "vitest";
import {
  RegistryError,
  ResourceTypeError,
} from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { argumentCheck } from "../../../../../src/resourcex/types/arguments.ts";
import { type Isolator, levelFor } from "../../../../../src/resourcex/types/isolator.ts";
import type { BundledType } from "../../../../../src/resourcex/types/type.ts";
import { TypeTable } from "../../../../../src/resourcex/types/type-table.ts";
import { text } from "../../../../helpers/resourcex.ts";

const type = (name: string, ...aliases: string[]): BundledType => ({
  name,
  aliases,
  description: "",
  code: "({ resolve() {} })",
});

describe("types", () => {
  it("are found by name and alias", () => {
    const table = new TypeTable([text]);
    table.register(type("prompt", "p"));
    for (const name of ["text", "txt", "plaintext"]) expect(table.get(name).type.name).toBe("text");
    expect(table.get("p")).toBe(table.get("prompt"));
  });

  it.each(["none", "TEXT", "", "constructor", "__proto__"])("there are not: %j", (name) => {
    expect(() => new TypeTable([text]).get(name)).toThrow(ResourceTypeError);
    expect(() => new TypeTable([text]).get(name)).toThrow(`Unsupported resource type: ${name}`);
  });

  it.each([
    ["a name", type("text"), "text"],
    ["a name that is an alias", type("txt"), "txt"],
    ["an alias that is a name", type("new", "text"), "text"],
    ["an alias", type("new", "fresh", "plaintext", "more"), "plaintext"],
    ["the name of one that was added", type("added"), "added"],
    ["the alias of one that was added", type("new", "again"), "again"],
  ])("do not share %s, and then nothing of them is there", (_what, given, taken) => {
    const table = new TypeTable([text]);
    table.register(type("added", "again"));
    expect(() => table.register(given)).toThrow(ResourceTypeError);
    expect(() => table.register(given)).toThrow(`Type '${taken}' is already registered`);
    for (const name of ["new", "fresh", "more"])
      expect(() => table.get(name)).toThrow("Unsupported");
    expect(table.get("text").type.code).toBe(text.code);
  });

  it("that are built in may be given again, and others may not", () => {
    const table = new TypeTable([text]);
    table.register(text);
    table.register({ ...text });
    expect(() => table.register({ ...text, code: "({})" })).toThrow("already registered");
    table.register(type("added"));
    expect(() => table.register(type("added"))).toThrow("Type 'added' is already registered");
  });

  it("may repeat their own name", () => {
    const table = new TypeTable([]);
    table.register(type("a", "a", "b", "b"));
    expect(table.get("a")).toBe(table.get("b"));
  });

  it.each([
    ["nothing", undefined, "A type's name"],
    ["no object", 7, "A type's name"],
    ["no name", { ...type("a"), name: "" }, "A type's name"],
    ["a name with a dot", type("a.b"), "A type's name"],
    ["a name with a slash", type("../a"), "A type's name"],
    ["a long name", type("a".repeat(65)), "A type's name"],
    ["a bad alias", type("a", "b@c"), "alias that is no name"],
    ["aliases that are no list", { ...type("a"), aliases: "b" }, "alias that is no name"],
    ["no description", { ...type("a"), description: undefined }, "no description"],
    ["no code", { ...type("a"), code: "" }, "no code"],
    ["a level there is not", { ...type("a"), sandbox: "docker" }, "sandbox there is not"],
    ["a level of null", { ...type("a"), sandbox: null }, "sandbox there is not"],
    ["a permission that is none", { ...type("a"), permissions: { fly: [] } }, "permissions.fly: "],
    ["all permissions", { ...type("a"), permissions: "inherit" }, "permissions: cannot be"],
    ["a tool that is no name", { ...type("a"), tools: ["a", 1] }, "tools[1]: is not the name"],
    ["a schema that is no object", { ...type("a"), schema: "{}" }, "not an object"],
    ["a schema that is none", { ...type("a"), schema: { type: "text" } }, "bad schema"],
    ["a schema of nobody's draft", { ...type("a"), schema: { $schema: "https://x.org" } }, "bad"],
    ["a schema elsewhere", { ...type("a"), schema: { $ref: "https://x.org/s" } }, "bad schema"],
    ["a schema with a promise", { ...type("a"), schema: { $async: true } }, "not supported"],
    ["a large schema", { ...type("a"), schema: { title: "x".repeat(70_000) } }, "characters"],
    [
      "a deep schema",
      { ...type("a"), schema: JSON.parse(`${'{"not":'.repeat(99)}{}${"}".repeat(99)}`) },
      "levels",
    ],
  ])("are refused with %s", (_what, given, message) => {
    const table = new TypeTable([]);
    expect(() => table.register(given as BundledType)).toThrow(ResourceTypeError);
    expect(() => table.register(given as BundledType)).toThrow(message);
    expect(() => table.get("a")).toThrow("Unsupported");
  });

  it("do not change with what they were made of", () => {
    const table = new TypeTable([]);
    const schema = { type: "object", required: ["a"] };
    const permissions = { net: ["x.org:443"] };
    const tools = ["crypto"];
    const sandbox = "container" as const;
    const given = { ...type("a"), schema, sandbox, permissions, tools };
    table.register(given);
    permissions.net.push("evil.example");
    tools.push("db");
    Object.assign(given, { code: "evil", sandbox: "none" });
    schema.required = [];
    const { type: kept, checkArguments } = table.get("a");
    expect(kept).toMatchObject({ sandbox: "container", schema: { required: ["a"] } });
    expect(kept).toMatchObject({ permissions: { net: ["x.org:443"] }, tools: ["crypto"] });
    expect(kept.code).not.toBe("evil");
    expect(() => checkArguments({})).toThrow('"a"');
  });
});

describe("arguments", () => {
  const checkWith = (schema: object) => argumentCheck({ ...type("t"), schema });
  const schema = {
    type: "object",
    required: ["name"],
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 1 },
      tags: { type: "array", items: { type: "object", properties: { id: { type: "integer" } } } },
      "a/b~c": { type: "string" },
    },
  };

  it("are passed on as they are", () => {
    const args = { name: "x", tags: [{ id: 1 }] };
    expect(checkWith(schema)(args)).toBe(args);
    for (const anything of [undefined, 7, { a: 1 }]) {
      expect(argumentCheck(type("t"))(anything)).toBe(anything);
    }
  });

  it.each([
    [{}, `Invalid arguments for 't': "name" must have required property 'name'`],
    [undefined, '"name"'],
    [{ name: 7 }, '"name" must be string'],
    [{ name: "" }, '"name" must NOT have fewer than 1 characters'],
    [{ name: "x", other: 1 }, '"other" must NOT have additional properties'],
    [{ name: "x", tags: [{ id: 1 }, { id: "2" }] }, '"tags.1.id" must be integer'],
    [{ name: "x", "a/b~c": 1 }, '"a/b~c" must be string'],
    [[], "they must be object"],
    [null, "they must be object"],
    ["x", "they must be object"],
  ])("%j are refused by the field", (args, message) => {
    expect(() => checkWith(schema)(args)).toThrow(ResourceTypeError);
    expect(() => checkWith(schema)(args)).toThrow(message);
  });

  it("that were not given are an empty object", () => {
    expect(checkWith({ type: "object" })(undefined)).toEqual({});
    expect(argumentCheck(type("t"))(undefined)).toBeUndefined();
  });

  it("are neither changed nor filled in", () => {
    const args = Object.freeze({ count: "7" });
    const check = checkWith({
      properties: { count: { type: ["string", "number"] }, more: { default: 1 } },
    });
    expect(check(args)).toBe(args);
    expect(args).toEqual({ count: "7" });
  });

  it("follow the draft their schema names", () => {
    const draft = { prefixItems: [{ type: "string" }], items: false };
    const newer = { $schema: "https://json-schema.org/draft/2020-12/schema", ...draft };
    expect(() => checkWith(newer)([1])).toThrow('"0" must be string');
    const older = {
      $schema: "http://json-schema.org/draft-07/schema#",
      items: [{ type: "string" }],
    };
    expect(() => checkWith(older)([1])).toThrow('"0" must be string');
  });

  it("end a pattern that would not", () => {
    const check = checkWith({ type: "string", pattern: "^(a+)+$" });
    expect(() => check(`${"a".repeat(50)}!`)).toThrow("Cannot check the arguments of 't'");
    expect(check("aaa")).toBe("aaa");
  });

  it("may be deeper than a schema that refers to itself goes", () => {
    const check = checkWith({ properties: { a: { $ref: "#" } } });
    let deep = {};
    for (let level = 0; level < 100_000; level += 1) deep = { a: deep };
    expect(() => check(deep)).toThrow(ResourceTypeError);
  });
});

describe("an isolator is the least level", () => {
  it.each([
    [undefined, undefined, "none"],
    ["none", "isolated", "isolated"],
    ["srt", undefined, "isolated"],
    ["srt", "none", "isolated"],
    ["srt", "container", "container"],
    ["isolated", "none", "isolated"],
    ["cloudflare", "none", "container"],
    ["e2b", "isolated", "container"],
    ["container", undefined, "container"],
  ] as const)("%s, of a type's %s: %s", (isolator, sandbox, level) => {
    const given = sandbox === undefined ? type("a") : { ...type("a"), sandbox };
    expect(levelFor(isolator)(given)).toBe(level);
  });

  it.each(["docker", "", "constructor", null])("but not %j", (isolator) => {
    expect(() => levelFor(isolator as Isolator)).toThrow(RegistryError);
  });
});
