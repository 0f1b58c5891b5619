import { execFileSync } from "node:child_process";
import { link, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ARCHIVE_LIMITS } from "../../../../../src/resourcex/archive/archive-limits.ts";
import { ContentError, ManifestError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { FolderLoader } from "../../../../../src/resourcex/data/folder-loader.ts";
import {
  contentOf,
  folderWith,
  HELLO,
  helloFolder,
  scratch,
} from "../../../../helpers/resourcex.ts";

const loader = new FolderLoader();

describe("a folder", () => {
  it("is a resource", async () => {
    const resource = await loader.load(await helloFolder("Grüße"));
    expect(resource.manifest.toJSON()).toEqual({ domain: "localhost", ...HELLO });
    expect(String(resource.locator)).toBe("localhost/hello.text@1.0.0");
    expect(await contentOf(resource)).toBe("Grüße");
  });

  it("says its domain and path, and more that is dropped", async () => {
    const given = { ...HELLO, domain: "x.org", path: "a/b", description: "x", tags: ["y"] };
    const { manifest } = await loader.load(await helloFolder("x", given));
    expect(manifest.toLocator()).toBe("x.org/a/b/hello.text@1.0.0");
    expect(manifest.toJSON()).toEqual({ ...HELLO, domain: "x.org", path: "a/b" });
  });

  it("has all its files but resource.json, those further down included", async () => {
    const folder = await folderWith({
      "resource.json": JSON.stringify(HELLO),
      content: "1",
      "a/b/c.txt": "2",
      "a/resource.json": "3",
      ".hidden": "4",
    });
    await mkdir(join(folder, "empty"));
    const { archive } = await loader.load(folder);
    expect((await archive.extract()).paths()).toEqual([
      ".hidden",
      "a/b/c.txt",
      "a/resource.json",
      "content",
    ]);
  });

  it("can be reached by a link", async () => {
    const place = join(await scratch(), "link");
    await symlink(await helloFolder(), place);
    expect(await contentOf(await loader.load(place))).toBe("Hello");
  });

  it.each([
    ["there", true],
    ["without resource.json", false],
    ["missing", false],
  ])("%s can be loaded: %s", async (what, can) => {
    const folder = what === "there" ? await helloFolder() : await folderWith({ content: "x" });
    expect(await loader.canLoad(what === "missing" ? `${folder}/no` : folder)).toBe(can);
  });
});

describe("a folder of today", () => {
  it("is the same resource, spelled otherwise", async () => {
    const given = { name: "hello", type: "text", tag: "1.0.0", registry: "x.org:80", path: "a/b" };
    const about = { description: "x".repeat(1_024), keywords: Array(20).fill("y"), author: "A" };
    const { manifest, locator } = await loader.load(
      await helloFolder("x", { ...given, ...about, license: "MIT", repository: "https://x.org" }),
    );
    expect(manifest.toJSON()).toEqual({
      domain: "x.org:80",
      path: "a/b",
      name: "hello",
      type: "text",
      version: "1.0.0",
    });
    expect(String(locator)).toBe("x.org:80/a/b/hello.text@1.0.0");
  });

  it("has the tag latest unless it says another", async () => {
    const { manifest } = await loader.load(await helloFolder("x", { name: "a.b", type: "text" }));
    expect(manifest.toLocator()).toBe("localhost/a.b.text@latest");
  });
});

describe("a folder cannot be loaded", () => {
  it.each([
    ["without resource.json", () => folderWith({ content: "x" })],
    ["that is empty", () => scratch()],
    ["that is missing", async () => "/no/such/folder"],
    ["that is a file", async () => join(await helloFolder(), "content")],
    ["that has no name", async () => "\0"],
  ])("%s", async (_what, make) => {
    const folder = await make();
    const loading = loader.load(folder);
    await expect(loading).rejects.toThrow(ContentError);
    await expect(loading).rejects.toThrow(`Cannot load resource from: ${folder}`);
  });

  it("with a resource.json that is a link or a directory", async () => {
    const linked = await folderWith({ content: "x" });
    await symlink(join(await helloFolder(), "resource.json"), join(linked, "resource.json"));
    await expect(loader.load(linked)).rejects.toThrow("Cannot load resource from");
    const directory = await folderWith({ "resource.json/a": "x" });
    await expect(loader.load(directory)).rejects.toThrow("Cannot load resource from");
  });

  it.each([[""], ["{"], ["{'name': 1}"], ["\0"], ["{}}"]])("with broken JSON: %j", async (json) => {
    const loading = loader.load(await folderWith({ "resource.json": json, content: "x" }));
    await expect(loading).rejects.toThrow(ManifestError);
    await expect(loading).rejects.toThrow("Invalid JSON in resource.json: ");
  });

  it.each([
    ["name", { type: "text", version: "1" }],
    ["name", {}],
    ["name", []],
    ["name", null],
    ["name", "text"],
    ["type", { name: "a", version: "1" }],
    ["type", { name: "a", type: "" }],
    ["type", { name: "a", type: 1, version: "1" }],
    ["version", { name: "a", type: "text", version: null }],
  ])("without %s: %j", async (field, json) => {
    const loading = loader.load(await helloFolder("x", json as object));
    await expect(loading).rejects.toThrow(ManifestError);
    await expect(loading).rejects.toThrow(
      `Invalid resource.json: missing required field '${field}'`,
    );
  });

  it.each<[string, string, object]>([
    ["a version and a tag", "'version' and 'tag'", { version: "1", tag: "1" }],
    ["a version and a registry", "'version' and 'registry'", { version: "1", registry: "x.org" }],
    ["a tag and a domain", "'domain' and 'tag'", { tag: "1", domain: "x.org" }],
    ["a domain alone", "domain", { domain: "x.org" }],
    ["a field nobody knows", "files", { tag: "1", files: [] }],
    ["a name of 129 characters", "name", { name: "a".repeat(129) }],
    ["a type of 65 characters", "type", { type: "a".repeat(65) }],
    ["an empty tag", "tag", { tag: "" }],
    ["a tag that is a number", "tag", { tag: 1 }],
    ["a description of 1,025 characters", "description", { description: "a".repeat(1_025) }],
    ["21 keywords", "keywords", { keywords: Array(21).fill("a") }],
    ["an author that is an object", "author", { author: { name: "A" } }],
  ])("of today with %s", async (_what, field, more) => {
    const loading = loader.load(await helloFolder("x", { name: "a", type: "text", ...more }));
    await expect(loading).rejects.toThrow(ManifestError);
    await expect(loading).rejects.toThrow("Invalid resource.json: ");
    await expect(loading).rejects.toThrow(field);
  });

  it("with an empty domain", async () => {
    const loading = loader.load(await helloFolder("x", { ...HELLO, domain: "" }));
    await expect(loading).rejects.toThrow("domain is required");
  });

  it("with a resource.json of more than 64 KiB", async () => {
    const loading = loader.load(await helloFolder("x", { ...HELLO, more: "x".repeat(70_000) }));
    await expect(loading).rejects.toThrow(ManifestError);
  });

  it("without content", async () => {
    const folder = await folderWith({ "resource.json": JSON.stringify(HELLO) });
    await mkdir(join(folder, "a"));
    const loading = loader.load(folder);
    await expect(loading).rejects.toThrow(ContentError);
    await expect(loading).rejects.toThrow("No content files found in resource folder");
  });

  it("with a link to a file or a directory", async () => {
    for (const target of ["/etc/passwd", "/etc", "content"]) {
      const folder = await helloFolder();
      await symlink(target, join(folder, "evil"));
      await expect(loader.load(folder)).rejects.toThrow("neither a file nor a directory");
    }
  });

  it("with a pipe, which nobody waits for", async () => {
    const folder = await helloFolder();
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await expect(loader.load(folder)).rejects.toThrow("neither a file nor a directory");
  });

  it("with more than an archive may have", async () => {
    const large = await helloFolder();
    await truncate(join(large, "content"), ARCHIVE_LIMITS.unpackedBytes + 1);
    await expect(loader.load(large)).rejects.toThrow("The folder has more than");
    const two = await helloFolder();
    await truncate(join(two, "content"), ARCHIVE_LIMITS.unpackedBytes - 10);
    await writeFile(join(two, "other"), "x".repeat(11));
    await expect(loader.load(two)).rejects.toThrow(ContentError);
    const bad = await folderWith({ "resource.json": JSON.stringify(HELLO), "a\nb": "x" });
    await expect(loader.load(bad)).rejects.toThrow("Bad path");
    const many = await helloFolder();
    for (let at = 0; at <= ARCHIVE_LIMITS.entries; at += 1) {
      await link(join(many, "content"), join(many, `${at}`));
    }
    await expect(loader.load(many)).rejects.toThrow("more than 10000 entries");
  });
});
