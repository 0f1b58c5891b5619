import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRXA } from "../../../../src/resourcex/archive/archive.ts";
import {
  ContentError,
  LocatorError,
  ManifestError,
  RegistryError,
  ResourceTypeError,
} from "../../../../src/resourcex/base/resourcex-errors.ts";
import { parseRXL } from "../../../../src/resourcex/data/locator.ts";
import type { RXR } from "../../../../src/resourcex/data/resource.ts";
import { openRegistry } from "../../../../src/resourcex/registry.ts";
import { found, LOCATOR, opened } from "../../../helpers/registry.ts";
import {
  contentOf,
  folderWith,
  HELLO,
  helloFolder,
  RecordingRunner,
  resource,
  text,
} from "../../../helpers/resourcex.ts";

describe("add", () => {
  it("stores a folder, and a copy of it", async () => {
    const { registry } = await opened();
    const folder = await helloFolder("before");
    await registry.add(folder);
    await writeFile(join(folder, "content"), "after");
    expect(await contentOf(await registry.get(LOCATOR))).toBe("before");
    await rm(folder, { recursive: true });
    expect(await contentOf(await registry.get(LOCATOR))).toBe("before");
  });

  it("stores a resource, for other registries of that directory as well", async () => {
    const { path, registry } = await opened();
    await registry.add(await resource("x.org/a/b.text@2", "Grüße"));
    const { registry: other } = await opened({ path });
    const got = await other.get("x.org/a/b.text@2");
    expect(await contentOf(got)).toBe("Grüße");
    expect(got.manifest.toJSON()).toEqual({
      domain: "x.org",
      path: "a",
      name: "b",
      type: "text",
      version: "2",
    });
  });

  it("takes a type by its alias", async () => {
    const { registry } = await opened();
    await registry.add(await resource("localhost/a.txt@1"));
    expect(await registry.exists("a.txt@1")).toBe(true);
  });

  it("overwrites what has the same locator", async () => {
    const { registry } = await opened();
    await registry.add(await resource(LOCATOR, "one"));
    await registry.add(await helloFolder("two"));
    expect(await contentOf(await registry.get(LOCATOR))).toBe("two");
    expect(await found(registry.search())).toEqual([LOCATOR]);
  });

  it("of one locator many times at once keeps one of them whole", async () => {
    const { registry } = await opened();
    const texts = Array.from({ length: 25 }, (_, at) => `${at} `.repeat(2_000));
    await Promise.all(texts.map(async (one) => registry.add(await resource(LOCATOR, one))));
    expect(texts).toContain(await contentOf(await registry.get(LOCATOR)));
  });

  it("of many locators at once keeps all", async () => {
    const { registry } = await opened();
    const all = Array.from({ length: 25 }, (_, at) => `x.org/p/a${at % 5}.text@${at}`);
    await Promise.all(all.map(async (one) => registry.add(await resource(one))));
    expect(await found(registry.search())).toEqual(all.sort());
  });

  it("refuses an unknown type before anything is stored", async () => {
    const { path, registry } = await opened();
    for (const source of [
      await resource("localhost/a.none@1"),
      await helloFolder("x", { ...HELLO, type: "none" }),
    ]) {
      await expect(registry.add(source)).rejects.toThrow(ResourceTypeError);
      await expect(registry.add(source)).rejects.toThrow("Unsupported resource type: none");
    }
    expect(await readdir(path)).toEqual([]);
  });

  it.each([
    ["no gzip", Buffer.from("x")],
    ["a cut archive", Buffer.from("1f8b0800", "hex")],
  ])("refuses %s before anything is stored", async (_what, buffer) => {
    const { path, registry } = await opened();
    const archive = await createRXA({ buffer });
    const adding = registry.add({ ...(await resource(LOCATOR)), archive });
    await expect(adding).rejects.toThrow(ContentError);
    expect(await readdir(path)).toEqual([]);
  });

  it("refuses a locator that is not the manifest's", async () => {
    const { path, registry } = await opened();
    const given = await resource(LOCATOR);
    for (const other of ["x.org/hello.text@1.0.0", "hello.text@2", "other.text@1.0.0"]) {
      const adding = registry.add({ ...given, locator: parseRXL(other) });
      await expect(adding).rejects.toThrow(LocatorError);
    }
    expect(await readdir(path)).toEqual([]);
    await registry.add({ ...given, locator: parseRXL("hello.text@1.0.0") });
    expect(await registry.exists(LOCATOR)).toBe(true);
  });

  it("refuses a manifest that lacks something", async () => {
    const { registry } = await opened();
    const given = await resource(LOCATOR);
    const manifest = { ...given.manifest, version: "" } as RXR["manifest"];
    await expect(registry.add({ ...given, manifest })).rejects.toThrow(ManifestError);
  });

  it("asks a manifest for its fields alone", async () => {
    const { registry } = await opened();
    const given = await resource(LOCATOR);
    const manifest = Object.assign(Object.create(given.manifest), {
      toLocator: () => "localhost/../../evil.text@1",
      toJSON: () => ({ evil: true }),
    });
    await registry.add({ ...given, manifest });
    expect((await registry.get(LOCATOR)).manifest.toJSON()).toEqual(given.manifest.toJSON());
  });
});

describe("get", () => {
  it.each(["hello.text@1.0.0", LOCATOR])("finds %s", async (locator) => {
    const { registry } = await opened();
    await registry.add(await helloFolder());
    expect(String((await registry.get(locator)).locator)).toBe(LOCATOR);
  });

  it.each([
    "hello.text@1.0.0",
    "hello.text",
    "hello:1.0.0",
    "localhost/a/hello.text@1.0.0",
    "a.b/hello.text@1.0.0",
  ])("says that %s is not there", async (locator) => {
    const { registry } = await opened();
    await registry.add(await helloFolder("x", { ...HELLO, version: "2" }));
    const getting = registry.get(locator);
    await expect(getting).rejects.toThrow(RegistryError);
    // The last one has a domain, which cannot be asked here.
    const message = locator.startsWith("a.b") ? "Cannot fetch" : `Resource not found: ${locator}`;
    await expect(getting).rejects.toThrow(message);
  });

  it.each(["", "../a.text", "/etc/passwd", "a\0.text", "a\\b", "a".repeat(10_000)])(
    "refuses %j, and so do the others",
    async (locator) => {
      const { registry } = await opened();
      for (const method of ["get", "resolve", "exists", "delete"] as const) {
        await expect(registry[method](locator)).rejects.toThrow(LocatorError);
      }
    },
  );
});

describe("exists and delete", () => {
  it("tell and take away, in silence if there is nothing", async () => {
    const { registry } = await opened();
    await registry.add(await helloFolder());
    expect(await registry.exists("hello.text@1.0.0")).toBe(true);
    await registry.delete("hello.text@1.0.0");
    expect(await registry.exists("hello.text@1.0.0")).toBe(false);
    await registry.delete("hello.text@1.0.0");
    await registry.delete("x.org/never.text");
    await expect(registry.get(LOCATOR)).rejects.toThrow("Resource not found");
  });
});

describe("link", () => {
  it("shows later edits", async () => {
    const { path, registry } = await opened();
    const folder = await helloFolder("before");
    await registry.link(folder);
    expect(await contentOf(await registry.get(LOCATOR))).toBe("before");
    await writeFile(join(folder, "content"), "after");
    expect(await contentOf(await registry.get(LOCATOR))).toBe("after");
    const { registry: other } = await opened({ path });
    expect(await contentOf(await other.get(LOCATOR))).toBe("after");
    expect(await (await other.resolve(LOCATOR)).execute()).toBe("1: after");
  });

  it("hides what was added, and what is added later ends it", async () => {
    const { registry } = await opened();
    await registry.add(await resource(LOCATOR, "added"));
    await registry.link(await helloFolder("linked"));
    expect(await contentOf(await registry.get(LOCATOR))).toBe("linked");
    expect(await found(registry.search())).toEqual([LOCATOR]);
    await registry.add(await resource(LOCATOR, "again"));
    expect(await contentOf(await registry.get(LOCATOR))).toBe("again");
  });

  it("exists, is found, and is deleted without its folder", async () => {
    const { path, registry } = await opened();
    const folder = await helloFolder();
    await registry.link(folder);
    expect(await registry.exists(LOCATOR)).toBe(true);
    expect(await found(registry.search({ query: "HELLO" }))).toEqual([LOCATOR]);
    await registry.delete(LOCATOR);
    expect(await registry.exists(LOCATOR)).toBe(false);
    expect(await found(registry.search())).toEqual([]);
    expect(await readFile(join(folder, "content"), "utf8")).toBe("Hello");
    expect(await readdir(path)).toEqual([".tmp"]);
  });

  it("says what has become of its folder", async () => {
    const { registry } = await opened();
    const folder = await helloFolder();
    await registry.link(folder);
    const changed = JSON.stringify({ ...HELLO, version: "2" });
    await writeFile(join(folder, "resource.json"), changed);
    await expect(registry.get(LOCATOR)).rejects.toThrow("is now localhost/hello.text@2");
    await rm(folder, { recursive: true });
    await expect(registry.get(LOCATOR)).rejects.toThrow(`Cannot load resource from: ${folder}`);
  });

  it("refuses what add refuses", async () => {
    const { path, registry } = await opened();
    const refused = [
      await helloFolder("x", { ...HELLO, type: "none" }),
      await helloFolder("x", { ...HELLO, name: "../../evil" }),
      await folderWith({ content: "x" }),
    ];
    for (const folder of refused) await expect(registry.link(folder)).rejects.toThrow();
    expect(await readdir(path)).toEqual([]);
  });

  it("that is broken is told of", async () => {
    const { path, registry } = await opened();
    await registry.link(await helloFolder());
    const [file = ""] = await readdir(join(path, ".links"));
    await writeFile(join(path, ".links", file), "{");
    await expect(registry.get(LOCATOR)).rejects.toThrow(RegistryError);
  });
});

describe("a registry", () => {
  it("shares no types with another", async () => {
    const one = await opened();
    const other = await opened();
    one.registry.supportType({ ...text, name: "mine", aliases: [] });
    await expect(other.registry.add(await resource("localhost/a.mine@1"))).rejects.toThrow(
      "Unsupported resource type: mine",
    );
  });

  it.each([
    ["a type's name that is taken", { types: [{ ...text, code: "other" }] }, ResourceTypeError],
    ["a type twice", { types: [1, 2].map(() => ({ ...text, name: "a", aliases: [] })) }, Error],
    ["an isolator there is not", { isolator: "docker" as "srt" }, RegistryError],
    ["a mirror that is no URL", { mirror: "x.org" }, RegistryError],
  ])("is not opened with %s", async (_what, options, Class) => {
    await expect(opened(options)).rejects.toThrow(Class);
  });

  it("takes the built-in types again", async () => {
    const { registry } = await opened({ types: [text] });
    registry.supportType(text);
    await registry.add(await helloFolder());
  });

  it("keeps what it has in the home directory by default, and makes nothing there to be opened", async () => {
    const listing = () => readdir(join(homedir(), ".resourcex")).catch(() => []);
    const before = await listing();
    await openRegistry({}, new RecordingRunner()).close();
    expect(await listing()).toEqual(before);
  });
});

describe("search", () => {
  const all = [
    "localhost/alpha.text@1",
    "localhost/beta.txt@1",
    "x.org/Tools/gamma.text@1",
    "x.org/Tools/gamma.text@2",
    "y.org/delta.text@alpha",
  ];
  const filled = async () => {
    const { registry } = await opened();
    for (const locator of all) await registry.add(await resource(locator));
    return registry;
  };

  it.each([
    ["nothing", {}, all],
    ["an empty query", { query: "" }, all],
    ["a name", { query: "alpha" }, ["localhost/alpha.text@1"]],
    ["a part of it", { query: "AMM" }, all.slice(2, 4)],
    ["a domain", { query: "X.org" }, all.slice(2, 4)],
    ["a path", { query: "tools" }, all.slice(2, 4)],
    ["a type", { query: "txt" }, ["localhost/beta.txt@1"]],
    ["what there is not", { query: "epsilon" }, []],
    ["a pattern, which it is not", { query: ".*" }, []],
    ["a limit", { limit: 2 }, all.slice(0, 2)],
    ["a limit of nothing", { limit: 0 }, []],
    ["an offset", { offset: 3 }, all.slice(3)],
    ["both", { query: "text", limit: 1, offset: 1 }, [all[2]]],
    ["an offset beyond the end", { offset: 99 }, []],
  ])("for %s", async (_what, query, expected) => {
    expect(await found((await filled()).search(query))).toEqual(expected);
  });

  it.each([
    [{ limit: -1 }, "limit"],
    [{ limit: 1.5 }, "limit"],
    [{ offset: Number.NaN }, "offset"],
    [{ offset: "1" as unknown as number }, "offset"],
  ])("but not with %j", async (query, field) => {
    const { registry } = await opened();
    await expect(registry.search(query)).rejects.toThrow(`${field} is not a whole number`);
  });
});
