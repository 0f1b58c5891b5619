import fc from "fast-check";
import { pack } from "tar-stream";
import { expect, it } from "vitest";
import { writeTar } from "../../../../../src/resourcex/archive/tar-writer.ts";
import { untar } from "../../../../../src/resourcex/archive/untar.ts";
import { runs } from "../../../../helpers/fuzz.ts";

type Files = readonly (readonly [string, Buffer])[];

/** Writes the same files with a library, whose archives have always been ours. */
async function library(files: Files): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of files) {
    tar.entry({ name, mtime: new Date(0), mode: 0o644 }, content);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const part = (length: number) => "p".repeat(length);

it.each([
  ["a short path", "content"],
  ["100 characters", part(100)],
  ["101 characters without a slash", part(101)],
  ["101 characters with one", `${part(50)}/${part(50)}`],
  ["a full name below a directory", `a/${part(100)}`],
  ["one character more", `a/${part(101)}`],
  ["a full prefix", `${part(77)}/${part(77)}/${part(100)}`],
  ["a prefix that is too long", `${part(78)}/${part(77)}/${part(100)}`],
  ["letters beyond ASCII", "lib/größe.txt"],
  ["a long path of such letters", `${"ä/".repeat(20)}${"ß".repeat(90)}`],
  ["a record whose length gets a digit more", `ä${part(87)}`],
  ["a record just below it", `ä${part(86)}`],
])("writes %s as a library does", async (_what, path) => {
  const files = [[path, Buffer.from("some text")]] as const;
  expect(writeTar(files)).toEqual(await library(files));
});

it("writes what the reader reads, whatever the files are", async () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "b", "ö", "."),
    minLength: 1,
    maxLength: 60,
  });
  const path = fc
    .array(name, { minLength: 1, maxLength: 6 })
    .map((parts) => `r/${parts.join("/f")}`);
  const file = fc.tuple(
    path.filter((text) => !text.split("/").some((one) => one === "." || one === "..")),
    fc.uint8Array({ maxLength: 1_200 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(file, async (one) => {
      const tar = writeTar([one]);
      expect(tar).toEqual(await library([one]));
      expect([...untar(tar)]).toEqual([one]);
    }),
    { numRuns: runs(200) },
  );
});
