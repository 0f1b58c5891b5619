/** Tests which tarballs are unpacked, which of their files are kept, and which code is called native. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type TarEntry, tarball } from "../../../../dev/npm-registry/tarball.ts";
import { hasNativeCode, packageFiles } from "../../../../src/packages/unpacker/package-files.ts";
import { untarPackage } from "../../../../src/packages/unpacker/untar-package.ts";

const BOUNDS = { bytes: 1_000_000, files: 10 };

async function unpacked(entries: readonly TarEntry[], bounds = BOUNDS): Promise<string[]> {
  return [...(await untarPackage(await tarball(entries), bounds)).keys()];
}

describe("a tarball", () => {
  it("is unpacked below its first directory, whatever that is called", async () => {
    const name = `package/${"deep/".repeat(30)}index.js`;
    const entries: TarEntry[] = [
      { name: "package", type: "directory" },
      { name: "package/a.js", content: "1" },
      { name: "other/./lib//b.js" },
      { name: "package/a.js", content: "22" },
      { name },
    ];
    expect(await unpacked(entries)).toEqual(["a.js", "lib/b.js", name.slice("package/".length)]);
    const files = await untarPackage(await tarball(entries), BOUNDS);
    expect(String(files.get("a.js"))).toBe("22");
  });

  it.each<[string, TarEntry]>([
    ["the symlink", { name: "package/x", type: "symlink", linkname: "/etc/passwd" }],
    ["the link", { name: "package/x", type: "link", linkname: "../../x" }],
    ["the character-device", { name: "package/x", type: "character-device" }],
    ["the fifo", { name: "package/x", type: "fifo" }],
    ["the path", { name: "package/../../x.js" }],
    ["the path", { name: "../x.js" }],
    ["the path", { name: "package/.." }],
    ["the path", { name: "/etc/x.js" }],
    ["the path", { name: "C:/x.js" }],
    ["the path", { name: "package\\..\\x.js" }],
    ["the path", { name: `package/${"x".repeat(1_100)}` }],
    ["the path", { name: "alone.js" }],
  ])("with %s is refused: %j", async (fault, entry) => {
    const entries = [{ name: "package/a.js" }, entry];
    await expect(unpacked(entries)).rejects.toThrow(
      `${fault} ${JSON.stringify(entry.name).slice(0, 100)}`,
    );
  });

  it("is refused beyond its bounds", async () => {
    const many = Array.from({ length: 11 }, (_, at) => ({ name: `package/${at}.js` }));
    await expect(unpacked(many)).rejects.toThrow("more files than are left");
    const bomb = [{ name: "package/bomb.js", zeros: 20_000_000 }];
    await expect(unpacked(bomb)).rejects.toThrow("more bytes than are left");
    const plain = { bytes: 1_000, files: 10 };
    await expect(unpacked([{ name: "package/x.js", zeros: 2_000 }], plain)).rejects.toThrow(
      "bytes",
    );
  });

  it("that is none is refused", async () => {
    const whole = await tarball([{ name: "package/a.js", content: "x".repeat(5_000) }]);
    const noise = Buffer.alloc(2_048, "x");
    const parts = [
      whole.subarray(0, 40),
      noise,
      gzipSync(noise),
      gzipSync("short"),
      Buffer.alloc(0),
    ];
    for (const bytes of parts.slice(0, 4)) {
      await expect(untarPackage(bytes, BOUNDS)).rejects.toThrow("no tar.gz");
    }
    expect((await untarPackage(parts[4] as Buffer, BOUNDS)).size).toBe(0);
  });

  it("without compression is bounded, too", async () => {
    const { gunzipSync } = await import("node:zlib");
    const plain = gunzipSync(await tarball([{ name: "package/x.js", zeros: 5_000 }]));
    expect((await untarPackage(plain, BOUNDS)).size).toBe(1);
    await expect(untarPackage(plain, { bytes: 4_000, files: 10 })).rejects.toThrow("bytes");
  });
});

function filesOf(...paths: readonly string[]): Map<string, Uint8Array> {
  return new Map(paths.map((path) => [path, Buffer.from(path.endsWith(".json") ? "{}" : "code")]));
}

describe("files of a package", () => {
  it("are kept if code can import them", () => {
    const kept = ["a.js", "b.mjs", "c.cjs", "d.json", "e.wasm", "f.txt", "package.json"];
    const dropped = [
      "a.ts",
      "b.tsx",
      "a.d.ts",
      "a.d.mts",
      "a.d.cts",
      "a.js.map",
      "README.md",
      "x.flow",
      "y.png",
      "LICENSE",
      "bin/x",
    ];
    const bundled = ["node_modules/x/index.js", "lib/node_modules/y/index.js"];
    expect([...packageFiles(filesOf(...dropped, ...bundled, ...kept)).keys()]).toEqual(kept);
  });

  it("are sources of TypeScript only if there is nothing else", () => {
    const sources = ["package.json", "src/a.ts", "src/b.mts", "src/c.jsx"];
    const all = filesOf(...sources, "src/a.d.ts", "src/a.d.json.ts");
    expect([...packageFiles(all).keys()]).toEqual(sources);
  });

  it("have a package.json with what resolution needs", () => {
    const manifest = {
      name: "a",
      main: "a.js",
      exports: {},
      license: "MIT",
      scripts: { x: "y" },
      devDependencies: {},
    };
    const files = new Map(
      [
        ["package.json", JSON.stringify(manifest)],
        ["lib/package.json", `{"type":"module","x":1}`],
        ["b/package.json", "[]"],
        ["c/package.json", "{"],
      ].map(([path, text]) => [String(path), Buffer.from(String(text))]),
    );
    const texts = [...packageFiles(files)].map(([path, bytes]) => [
      path,
      Buffer.from(bytes).toString(),
    ]);
    const { scripts: _, devDependencies: _other, ...kept } = manifest;
    expect(Object.fromEntries(texts)).toEqual({
      "package.json": JSON.stringify(kept),
      "lib/package.json": `{"type":"module"}`,
      "b/package.json": "{}",
      "c/package.json": "{}",
    });
  });

  it.each([
    [["index.js", "build/Release/x.node"], true],
    [["binding.gyp", "index.js"], true],
    [["index.js", "deps/binding.gyp", "x.node.js", "node"], false],
  ])("%j are native: %s", (paths, isNative) => {
    expect(hasNativeCode(filesOf(...paths))).toBe(isNative);
  });
});
