import { describe, expect, it } from "vitest";
import {
  ContentError,
  LocatorError,
  ManifestError,
  RegistryError,
  ResourceTypeError,
  ResourceXError,
} from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { createRXM, type ManifestFields } from "../../../../../src/resourcex/data/manifest.ts";

const fields = { domain: "x.org", name: "hello", type: "text", version: "1.0.0" };

describe("a manifest", () => {
  it("says its locator, and its fields as JSON", () => {
    const manifest = createRXM(fields);
    expect(manifest.toLocator()).toBe("x.org/hello.text@1.0.0");
    expect(JSON.parse(JSON.stringify(manifest))).toEqual(fields);
    expect(Object.keys(manifest.toJSON())).toEqual(["domain", "name", "type", "version"]);
  });

  it("has a path in both, if there is one", () => {
    const manifest = createRXM({ ...fields, path: "a/b" });
    expect(manifest.path).toBe("a/b");
    expect(manifest.toLocator()).toBe("x.org/a/b/hello.text@1.0.0");
    expect(manifest.toJSON()).toEqual({ ...fields, path: "a/b" });
  });

  it("has no path for an empty one", () => {
    expect(createRXM({ ...fields, path: "" }).toJSON()).not.toHaveProperty("path");
    expect(createRXM(fields)).not.toHaveProperty("path");
  });

  it("drops what it does not know", () => {
    const given = { ...fields, description: "x", toLocator: () => "evil" };
    const manifest = createRXM(given);
    expect(manifest.toJSON()).toEqual(fields);
    expect(manifest.toLocator()).toBe("x.org/hello.text@1.0.0");
  });

  describe.each(["domain", "name", "type", "version"] as const)("without %s", (field) => {
    it.each([
      ["missing", undefined],
      ["empty", ""],
      ["null", null],
      ["a number", 1],
    ])("(%s)", (what, value) => {
      const { [field]: _, ...rest } = fields;
      const given = what === "missing" ? rest : { ...fields, [field]: value };
      expect(() => createRXM(given as ManifestFields)).toThrow(ManifestError);
      expect(() => createRXM(given as ManifestFields)).toThrow(`${field} is required`);
    });
  });

  it.each([
    [{}, "domain is required"],
    [{ domain: "x.org" }, "name is required"],
    [{ domain: "x.org", name: "a" }, "type is required"],
    [{ domain: "x.org", name: "a", type: "b" }, "version is required"],
    [undefined, "domain is required"],
    [null, "domain is required"],
    ["text", "domain is required"],
  ])("of %j lacks the first that is missing", (given, message) => {
    expect(() => createRXM(given as ManifestFields)).toThrow(message);
  });

  it("refuses a path that is no string", () => {
    expect(() => createRXM({ ...fields, path: 7 as unknown as string })).toThrow(ManifestError);
  });
});

describe("errors", () => {
  it.each([
    ["ResourceXError", ResourceXError],
    ["LocatorError", LocatorError],
    ["ManifestError", ManifestError],
    ["ContentError", ContentError],
    ["ResourceTypeError", ResourceTypeError],
    ["RegistryError", RegistryError],
  ])("%s has its class's name and the common base", (name, Class) => {
    const cause = new Error("why");
    const error = new Class("what", { cause });
    expect(error).toBeInstanceOf(ResourceXError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, message: "what", cause });
  });
});
