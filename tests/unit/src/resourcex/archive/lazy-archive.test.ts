import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { ARCHIVE_LIMITS } from "../../../../../src/resourcex/archive/archive-limits.ts";
import { LazyArchive } from "../../../../../src/resourcex/archive/lazy-archive.ts";
import { unpack } from "../../../../../src/resourcex/archive/unpack.ts";
import { tarHeader } from "../../../../helpers/tar.ts";

type Entry = Parameters<ReturnType<typeof pack>["entry"]>[0] & {
  readonly content?: string | Buffer;
};

async function tarOf(...entries: readonly Entry[]): Promise<Buffer> {
  const packing = pack();
  for (const { content = "", ...header } of entries) packing.entry(header, content);
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Makes an archive as a sandbox has it: unpacked in its own process. */
function archiveFrom(bytes: Uint8Array): LazyArchive {
  return new LazyArchive(async () => Buffer.from(bytes), unpack);
}

async function archiveOf(...entries: readonly Entry[]): Promise<LazyArchive> {
  return archiveFrom(gzipSync(await tarOf(...entries)));
}

it("gives the files, whatever the length and the letters of their paths", async () => {
  const long = `${"directory/".repeat(20)}${"n".repeat(120)}.txt`;
  const archive = await archiveOf(
    { name: "content", content: "one" },
    { name: "lib", type: "directory" },
    { name: "./lib/größe.txt", content: "two" },
    { name: long, content: Buffer.alloc(100_000, 7) },
    { name: "empty" },
  );
  const files = await archive.extract();
  expect(files.paths()).toEqual(["content", long, "empty", "lib/größe.txt"].sort());
  expect((await files.file("content")).toString()).toBe("one");
  expect((await files.file("lib/größe.txt")).toString("utf8")).toBe("two");
  expect(await files.file(long)).toEqual(Buffer.alloc(100_000, 7));
  expect((await files.files()).get("empty")).toEqual(Buffer.alloc(0));
  expect(files.tree()).toContainEqual({
    name: "lib",
    type: "directory",
    children: [{ name: "größe.txt", type: "file" }],
  });
  expect(await archive.extract()).toBe(files);
  await expect(files.file("nope")).rejects.toThrow("file not found: nope");
});

describe("refuses", () => {
  it.each<[string, readonly Entry[], string]>([
    ["a path upwards", [{ name: "a/../../b", content: "x" }], "Bad path"],
    ["an absolute path", [{ name: "/etc/passwd", content: "x" }], "Bad path"],
    ["a backslash", [{ name: "a\\b", content: "x" }], "Bad path"],
    [
      "a link",
      [{ name: "a", type: "symlink", linkname: "/etc/passwd" }],
      "neither a file nor a directory",
    ],
    ["a hard link", [{ name: "a", type: "link", linkname: "b" }], "neither a file nor a directory"],
    ["a device", [{ name: "a", type: "character-device" }], "neither a file nor a directory"],
    [
      "too many entries",
      Array.from({ length: ARCHIVE_LIMITS.entries + 1 }, (_, n) => ({ name: `f${n}` })),
      `more than ${ARCHIVE_LIMITS.entries} entries`,
    ],
  ])("%s", async (_what, entries, message) => {
    await expect((await archiveOf(...entries)).extract()).rejects.toThrow(message);
  });

  it("what unpacks to more than there may be", async () => {
    const bomb = gzipSync(Buffer.alloc(ARCHIVE_LIMITS.unpackedBytes + 1));
    await expect(archiveFrom(bomb).extract()).rejects.toMatchObject({
      name: "ContentError",
    });
  });

  it.each([
    ["no gzip", Buffer.from("nothing of the kind")],
    ["no tar", gzipSync(Buffer.alloc(1_024, 65))],
    ["nothing", new Uint8Array()],
  ])("%s", async (_what, bytes) => {
    await expect(archiveFrom(bytes).extract()).rejects.toMatchObject({
      name: "ContentError",
    });
  });

  it("a tar that is cut off", async () => {
    const tar = await tarOf({ name: "content", content: "x".repeat(2_000) });
    const archive = archiveFrom(gzipSync(tar.subarray(0, 1_024)));
    await expect(archive.extract()).rejects.toThrow("cut off");
  });

  const padded = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  };
  const headed = (type: string, text: string): Buffer =>
    Buffer.concat([tarHeader(type, Buffer.byteLength(text)), padded(text)]);
  const RECORD = "12 abcde=fg\n";

  it.each<[string, Buffer[], string]>([
    ["a header of many records", [headed("g", RECORD.repeat(6_000))], "bytes of records"],
    [
      "many records in all",
      Array<Buffer>(41).fill(headed("x", RECORD.repeat(5_000))),
      "more than 200000 pax records",
    ],
    ["many headers", Array<Buffer>(30_001).fill(headed("x", "")), "more than 30000 headers"],
    ["a long name without an end", [headed("L", "a".repeat(70_000))], "bytes of records"],
    ["a record with a wrong length", [headed("x", "13 abcde=fg\n")], "a pax header that is none"],
    ["a record without a length", [headed("x", "abc=d\n")], "a pax header that is none"],
    ["a size of its own", [headed("x", "9 size=1\n")], 'pax header with "size"'],
    ["a path for all", [headed("g", "9 path=a\n")], 'pax header with "path"'],
  ])("%s", async (_what, parts, message) => {
    const tar = Buffer.concat([...parts, headed("0", "x")]);
    const archive = archiveFrom(gzipSync(tar));
    const since = performance.now();
    await expect(archive.extract()).rejects.toThrow(message);
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it("a part of a header", async () => {
    const archive = archiveFrom(gzipSync(Buffer.alloc(100, 65)));
    await expect(archive.extract()).rejects.toThrow("cut off");
  });

  it("not what other programs say of a file", async () => {
    const said = "20 mtime=1700000000\n12 path=b/c\n";
    const tar = Buffer.concat([headed("g", "12 comment=\n"), headed("x", said), headed("0", "x")]);
    expect((await archiveFrom(gzipSync(tar)).extract()).paths()).toEqual(["b/c"]);
  });
});
