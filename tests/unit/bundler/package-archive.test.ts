import { describe, expect, it } from "vitest";
import { fromArchive, toArchive } from "../../../src/bundler/package-archive.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an archive of package files", () => {
  it("gives back paths and bytes, empty files included", () => {
    const files = new Map([
      ["node_modules/a/index.js", bytesOf("export default 'ä';")],
      ["node_modules/a/empty.js", new Uint8Array()],
      ["node_modules/a/b.wasm", new Uint8Array([0, 97, 115, 109])],
    ]);
    const read = fromArchive(toArchive(files));
    expect([...read.keys()]).toEqual([...files.keys()]);
    for (const [path, bytes] of files)
      expect(Buffer.from(read.get(path) as Uint8Array)).toEqual(Buffer.from(bytes));
  });

  it("is read from the middle of a buffer", () => {
    const archive = toArchive(new Map([["a", bytesOf("text")]]));
    const padded = Buffer.concat([Buffer.alloc(7), archive]);
    expect(String(Buffer.from(fromArchive(padded.subarray(7)).get("a") as Uint8Array))).toBe(
      "text",
    );
  });
});
