import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRXA } from "../../../../../src/resourcex/archive/archive.ts";
import { ARCHIVE_LIMITS } from "../../../../../src/resourcex/archive/archive-limits.ts";
import { ContentError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { runs } from "../../../../helpers/fuzz.ts";
import { tarOf, tarOfMany } from "../../../../helpers/resourcex.ts";

async function extract(bytes: Uint8Array) {
  return (await createRXA({ buffer: bytes })).extract();
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const extracting = extract(bytes);
  await expect(extracting).rejects.toThrow(ContentError);
  return extracting.then(
    () => "",
    (error: Error) => error.message,
  );
}

describe("an archive", () => {
  it("is made of text and bytes, and gives them back", async () => {
    const bytes = Uint8Array.of(0, 255, 1);
    const archive = await createRXA({ content: "Grüße", "a/b.bin": bytes, c: Buffer.from("c") });
    for (const one of [archive, await createRXA({ buffer: await archive.buffer() })]) {
      const files = await (await one.extract()).files();
      expect([...files.keys()].sort()).toEqual(["a/b.bin", "c", "content"]);
      expect(String(files.get("content"))).toBe("Grüße");
      expect(files.get("a/b.bin")).toEqual(Buffer.from(bytes));
    }
  });

  it("is a tar.gz", async () => {
    const tar = gunzipSync(await (await createRXA({ content: "x" })).buffer());
    expect(tar.subarray(0, 7).toString()).toBe("content");
    expect(tar.subarray(257, 262).toString()).toBe("ustar");
  });

  it("is the same for the same files, in whatever order", async () => {
    const one = await createRXA({ a: "1", b: "2" });
    const other = await createRXA({ b: "2", a: "1" });
    expect(await other.buffer()).toEqual(await one.buffer());
  });

  it("has a new stream each time", async () => {
    const archive = await createRXA({ content: "x" });
    const bytes = await archive.buffer();
    expect(archive.stream).not.toBe(archive.stream);
    for (const stream of [archive.stream, archive.stream]) {
      expect(Buffer.from(await new Response(stream).arrayBuffer())).toEqual(bytes);
    }
  });

  it("is extracted once", async () => {
    const made = await createRXA({ content: "x" });
    const read = await createRXA({ buffer: await made.buffer() });
    for (const archive of [made, read])
      expect(await archive.extract()).toBe(await archive.extract());
  });

  it("does not change with what it was made of, or what it gave out", async () => {
    const content = Buffer.from("before");
    const made = await createRXA({ content });
    const bytes = await made.buffer();
    const read = await createRXA({ buffer: bytes });
    content.fill(0);
    bytes.fill(0);
    for (const archive of [made, read]) {
      (await archive.buffer()).fill(0);
      expect(String(await (await archive.extract()).file("content"))).toBe("before");
    }
  });

  it("may have a file called buffer, of text or beside others", async () => {
    for (const input of [{ buffer: "text" }, { buffer: Buffer.from("text"), other: "" }]) {
      const files = await (await createRXA(input)).extract();
      expect(String(await files.file("buffer"))).toBe("text");
    }
  });

  it("keeps whatever files, through packing and extracting", async () => {
    const name = fc.stringMatching(/^[a-zé]{1,60}$/);
    const path = fc.array(name, { minLength: 1, maxLength: 8 }).map((names) => names.join("/"));
    const files = fc.dictionary(path, fc.uint8Array({ maxLength: 3_000 }), { maxKeys: 8 });
    const sound = files.filter((given) => {
      const paths = Object.keys(given);
      return !paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)));
    });
    await fc.assert(
      fc.asyncProperty(sound, async (given) => {
        // With another file, because a single file called `buffer` would be an archive.
        const archive = await createRXA({ ...given, "0": "" });
        const read = await (await extract(await archive.buffer())).files();
        expect(read.delete("0")).toBe(true);
        expect(Object.fromEntries(read)).toEqual(
          Object.fromEntries(Object.entries(given).map(([at, data]) => [at, Buffer.from(data)])),
        );
      }),
      { numRuns: 50 },
    );
  });

  it("may be empty", async () => {
    expect((await extract(await (await createRXA({})).buffer())).paths()).toEqual([]);
  });

  it.each([
    ["a number", 7],
    ["null", null],
    ["an object", {}],
  ])("refuses %s as content", async (_what, data) => {
    await expect(createRXA({ content: data as string })).rejects.toThrow(ContentError);
  });
});

describe("an archive cannot be extracted that is", () => {
  it.each([
    ["empty", Buffer.alloc(0)],
    ["text", Buffer.from("no archive")],
    ["random", randomBytes(5_000)],
    ["a bare tar", Buffer.alloc(1_024)],
    ["gzip of no tar", gzipSync(Buffer.from("x".repeat(2_000)))],
    ["gzip of less than a header", gzipSync(Buffer.from("x"))],
    ["larger than any may be", Buffer.alloc(ARCHIVE_LIMITS.bytes + 1)],
  ])("%s", async (_what, bytes) => {
    expect(await refusal(bytes)).toMatch(/^The archive /);
  });

  it("cut short, wherever", async () => {
    const whole = await (await createRXA({ content: randomBytes(5_000) })).buffer();
    for (const length of [1, 9, 10, 11, 100, 4_000, whole.length - 9, whole.length - 1]) {
      expect(await refusal(whole.subarray(0, length))).toContain("cannot be read");
    }
  });

  it("cut short within, and compressed then", async () => {
    const tar = gunzipSync(await (await createRXA({ content: randomBytes(5_000) })).buffer());
    for (const length of [100, 512, 600, 3_000, 5_500]) {
      expect(await refusal(gzipSync(tar.subarray(0, length)))).toContain("cannot be read");
    }
  });

  it("not one without the zeros at the end", async () => {
    for (const size of [0, 1, 511, 512, 100_000]) {
      const content = randomBytes(size);
      const tar = gunzipSync(await (await createRXA({ content })).buffer());
      const files = await (await extract(gzipSync(tar.subarray(0, -1_024)))).files();
      expect(files).toEqual(new Map([["content", content]]));
    }
  });

  it("damaged", async () => {
    const whole = await (await createRXA({ content: randomBytes(5_000) })).buffer();
    whole[1_000] = (whole[1_000] ?? 0) ^ 0xff;
    expect(await refusal(whole)).toContain("cannot be read");
    const tar = gunzipSync(await (await createRXA({ content: "x" })).buffer());
    tar[0] = (tar[0] ?? 0) ^ 0xff;
    expect(await refusal(gzipSync(tar))).toContain("cannot be read");
  });

  it("whatever bytes, with anything but a ContentError", async () => {
    const whole = gunzipSync(await (await createRXA({ content: "x", "a/b": "y" })).buffer());
    const flips = fc.array(fc.tuple(fc.nat(1_600), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const tar = Buffer.from(whole);
        for (const [at, value] of changes) tar[at] = value;
        await extract(gzipSync(tar)).catch((error) => expect(error).toBeInstanceOf(ContentError));
      }),
      { numRuns: runs(300) },
    );
  });
});

describe("a bomb is stopped", () => {
  it("by its ratio", async () => {
    const bomb = await tarOf({ name: "content", content: "\0".repeat(50_000_000) });
    expect(bomb.length).toBeLessThan(60_000);
    expect(await refusal(bomb)).toContain(`unpacks to more than ${bomb.length * 200} bytes`);
  });

  it("by its size", async () => {
    const dense = randomBytes(1_000_000);
    const bomb = gzipSync(Buffer.concat([dense, Buffer.alloc(80_000_000)]));
    expect(await refusal(bomb)).toContain(`unpacks to more than ${ARCHIVE_LIMITS.unpackedBytes}`);
  });

  it("before it has unpacked", async () => {
    const part = gzipSync(Buffer.alloc(10_000_000));
    const bomb = Buffer.concat(Array.from({ length: 100 }, () => part));
    const before = process.memoryUsage().rss;
    await refusal(bomb);
    expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000);
  });

  it("by its number of entries", async () => {
    expect((await extract(await tarOfMany(10_000))).paths()).toHaveLength(10_000);
    const bytes = await tarOfMany(100_000);
    expect(await refusal(bytes)).toContain("more than 10000 entries");
  });

  it("by its number of directories", async () => {
    const directories = Array.from({ length: 10_001 }, (_, index) => ({
      name: `${index}/`,
      type: "directory" as const,
    }));
    expect(await refusal(await tarOf(...directories))).toContain("more than 10000 entries");
  });

  it("where it would be made", async () => {
    const zeros = { content: Buffer.alloc(50_000_000) };
    await expect(createRXA(zeros)).rejects.toThrow("unpacks to more than");
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [index, ""]));
    await expect(createRXA(many)).rejects.toThrow("more than 10000 entries");
    const large = { content: randomBytes(ARCHIVE_LIMITS.bytes) };
    await expect(createRXA(large)).rejects.toThrow(`more than ${ARCHIVE_LIMITS.bytes} bytes`);
  });

  it("and what repeats itself a little is not one", async () => {
    const archive = await createRXA({ content: Buffer.alloc(8_000_000) });
    expect((await extract(await archive.buffer())).paths()).toEqual(["content"]);
  });
});

describe("an entry is refused that is", () => {
  it.each([
    ["above the archive", "../evil"],
    ["above it, further down", "a/../../evil"],
    ["absolute", "/etc/passwd"],
    ["absolute after a dot", ".//etc/passwd"],
    ["a dot within", "a/./b"],
    ["an empty part", "a//b"],
    ["with a backslash", "..\\evil"],
    ["with a line break", "a\nb"],
    ["too long", `${"a/".repeat(20)}${"b".repeat(480)}`],
    ["too deep", `${"a/".repeat(32)}b`],
    ["nothing", ""],
  ])("%s", async (_what, name) => {
    // A tar file cannot have an empty name.
    if (name !== "") expect(await refusal(await tarOf({ name }))).toContain("Bad path");
    await expect(createRXA({ [name]: "x" })).rejects.toThrow(ContentError);
  });

  it.each([
    ["a symbolic link", { type: "symlink", linkname: "/etc/passwd" }],
    ["a symbolic link within", { type: "symlink", linkname: "content" }],
    ["a hard link", { type: "link", linkname: "content" }],
    ["a device", { type: "character-device", devmajor: 1, devminor: 3 }],
    ["a disk", { type: "block-device", devmajor: 8, devminor: 0 }],
    ["a pipe", { type: "fifo" }],
  ] as const)("%s", async (_what, header) => {
    const bytes = await tarOf({ name: "content", content: "x" }, { name: "evil", ...header });
    expect(await refusal(bytes)).toContain(`neither a file nor a directory (${header.type})`);
  });

  it.each([
    ["there twice", [{ name: "a" }, { name: "a" }]],
    ["there twice, once as ./", [{ name: "a" }, { name: "./a" }]],
    ["a file above another", [{ name: "a" }, { name: "a/b" }]],
    ["a file below another", [{ name: "a/b" }, { name: "a" }]],
    ["a file and a directory", [{ name: "a" }, { name: "a/", type: "directory" }]],
    ["a directory and a file", [{ name: "a/", type: "directory" }, { name: "a" }]],
    ["a directory above the archive", [{ name: "../a/", type: "directory" }]],
    ["an absolute directory", [{ name: "/a/", type: "directory" }]],
  ] as const)("%s", async (_what, entries) => {
    expect(await refusal(await tarOf(...entries))).toContain("Bad path");
  });

  it("absolute, by that reason", async () => {
    expect(await refusal(await tarOf({ name: "/a" }))).toContain("it is absolute");
  });

  it("a file where a directory is, when it is made", async () => {
    await expect(createRXA({ a: "", "a/b": "" })).rejects.toThrow("Bad path");
  });

  it("not what tar makes of a folder", async () => {
    const bytes = await tarOf(
      { name: "./", type: "directory" },
      { name: "./a/", type: "directory" },
      { name: "./a/b", content: "x" },
      { name: "./empty/", type: "directory" },
    );
    expect((await extract(bytes)).paths()).toEqual(["a/b"]);
  });
});

describe("a package", () => {
  const files = { content: "x", "b/c/two": "2", "b/c/one": "1", "b-a": "", "b/d": "3" };
  const made = async () => (await createRXA(files)).extract();

  it("has its paths in order", async () => {
    const paths = ["b-a", "b/c/one", "b/c/two", "b/d", "content"];
    expect((await made()).paths()).toEqual(paths);
  });

  it("is a tree", async () => {
    expect((await made()).tree()).toEqual([
      { name: "b-a", type: "file" },
      {
        name: "b",
        type: "directory",
        children: [
          {
            name: "c",
            type: "directory",
            children: [
              { name: "one", type: "file" },
              { name: "two", type: "file" },
            ],
          },
          { name: "d", type: "file" },
        ],
      },
      { name: "content", type: "file" },
    ]);
  });

  it("gives a file as a buffer", async () => {
    const file = await (await made()).file("b/c/one");
    expect(Buffer.isBuffer(file)).toBe(true);
    expect(String(file)).toBe("1");
  });

  it.each(["missing", "", "b", "b/c", "../content", "__proto__", "/content"])(
    "has no file %j",
    async (path) => {
      const reading = (await made()).file(path);
      await expect(reading).rejects.toThrow(ContentError);
      await expect(reading).rejects.toThrow(`file not found: ${path}`);
    },
  );

  it("gives copies, which change nothing", async () => {
    const one = await made();
    const copy = await one.files();
    copy.get("content")?.fill(0);
    copy.clear();
    (await one.file("content")).fill(0);
    expect(String(await one.file("content"))).toBe("x");
    expect((await one.files()).size).toBe(5);
  });

  it("is packed to an archive of the same files", async () => {
    const packed = await (await made()).pack();
    expect(await packed.buffer()).toEqual(await (await createRXA(files)).buffer());
    const only = await (await createRXA({ buffer: "a file" })).extract();
    const again = await (await only.pack()).extract();
    expect(String(await again.file("buffer"))).toBe("a file");
  });
});
